#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"

#include "detail/filters.hpp"

namespace xylem {

/// The `direct` strategy: fetches raw chunks from HDF5 and decodes them here. Reads boxes that are unions of whole chunks
/// (clipped to the shape).
class DirectReader {
 public:
  /// Nothing where the dataset cannot be read this way: not chunked, a filter that is not ours, edge chunks left
  /// unfiltered, or elements that HDF5 must convert. Nor where there is no filter: in a damaged file HDF5 may find more bytes in
  /// such a chunk than it says beforehand.
  static std::unique_ptr<DirectReader> make(hid_t dataset, const DatasetInfo& info);

  /// As DatasetReader::read.
  void read(const Box& box, std::span<std::byte> out);
  /// Seconds that the filters took so far.
  [[nodiscard]] double decode_seconds() const noexcept { return decode_seconds_; }

 private:
  DirectReader(hid_t dataset, const DatasetInfo& info, FilterPipeline pipeline);
  void reserve();
  void read_chunk(const Shape& start, std::span<std::byte> out);
  std::optional<std::uint32_t> fetch(const Shape& start, std::span<std::byte> out);
  void scatter(const Shape& start, const Box& box, std::span<std::byte> out) const;

  hid_t dataset_;
  const DatasetInfo& info_;
  FilterPipeline pipeline_;
  std::vector<std::byte> raw_;
  std::vector<std::byte> chunk_;
  double decode_seconds_ = 0;
};

}  // namespace xylem
