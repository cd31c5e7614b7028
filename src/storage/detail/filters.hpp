#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"

#include "detail/codecs.hpp"

namespace xylem {

/// Undoes a dataset's filter pipeline on raw chunks, off HDF5's own pipeline: shuffle, fletcher32
/// (https://docs.hdfgroup.org/hdf5/v1_14/_f_i_l_t_e_r.html) and what Codecs has. Not to be shared between threads.
class FilterPipeline {
 public:
  /// For a dataset whose filters are all among these, with one of Codecs at most (choose_io in model/io.hpp).
  explicit FilterPipeline(const DatasetInfo& info) : filters_(info.filters) {}

  /// Decodes one chunk. A bit set in `mask` says that the filter of that number was left out for this chunk. `out` holds exactly
  /// the chunk's elements. Returns an empty string, or what is wrong with the chunk.
  [[nodiscard]] std::string decode(std::span<const std::byte> raw, std::uint32_t mask, std::span<std::byte> out);

 private:
  std::vector<FilterInfo> filters_;
  Codecs codecs_;
  std::array<std::vector<std::byte>, 2> steps_;  // between filters: one is read while the other is written
};

}  // namespace xylem
