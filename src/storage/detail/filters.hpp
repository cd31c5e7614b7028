#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"

struct libdeflate_decompressor;

namespace xylem {

/// Undoes a dataset's filter pipeline on raw chunks, off HDF5's own pipeline: deflate (libdeflate), shuffle and fletcher32
/// (https://docs.hdfgroup.org/hdf5/v1_14/_f_i_l_t_e_r.html). Not to be shared between threads.
class FilterPipeline {
 public:
  /// Nothing where a filter of the dataset is not one of these: HDF5 then decodes.
  static std::optional<FilterPipeline> make(const DatasetInfo& info);

  /// Decodes one chunk. A bit set in `mask` says that the filter of that number was left out for this chunk. `out` holds exactly
  /// the chunk's elements. Returns an empty string, or what is wrong with the chunk.
  [[nodiscard]] std::string decode(std::span<const std::byte> raw, std::uint32_t mask, std::span<std::byte> out);

 private:
  struct FreeDecompressor {
    void operator()(libdeflate_decompressor* decompressor) const;
  };

  std::vector<FilterInfo> filters_;
  std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor_;
  std::array<std::vector<std::byte>, 2> steps_;  // between filters: one is read while the other is written
};

}  // namespace xylem
