#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/storage/raw_block.hpp"

#include "detail/filters.hpp"

namespace xylem {

/// The `direct` strategy: fetches raw chunks and decodes them here.
class DirectReader {
 public:
  /// Nothing where the dataset cannot be read this way: not chunked, no filter or one that is not ours, edge chunks left
  /// unfiltered, or elements that HDF5 must convert.
  static std::unique_ptr<DirectReader> make(hid_t dataset, const DatasetInfo& info);

  /// As DatasetReader::fetch, decode and read.
  void fetch(const Box& box, const std::vector<Box>& parts, RawBlock& raw);
  void decode(const RawBlock& raw, std::span<std::byte> out);
  void read(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out);
  /// Seconds that decode() took so far.
  [[nodiscard]] double decode_seconds() const noexcept { return decode_seconds_; }

 private:
  DirectReader(hid_t dataset, const DatasetInfo& info, FilterPipeline pipeline);
  void fetch_chunks(RawBlock& raw);
  void find(RawBlock::Chunk& chunk) const;
  void decode_chunk(const RawBlock& raw, const RawBlock::Chunk& chunk, std::span<std::byte> out);

  hid_t dataset_;
  const DatasetInfo& info_;
  std::size_t chunk_bytes_;
  // Of decode().
  FilterPipeline pipeline_;
  std::vector<std::byte> chunk_{};
  double decode_seconds_ = 0;
  // Of read().
  RawBlock raw_{};
};

}  // namespace xylem
