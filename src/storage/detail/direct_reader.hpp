#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/storage/raw_block.hpp"

#include "detail/element_reader.hpp"
#include "detail/filters.hpp"

namespace xylem {

/// The `direct` strategy: HDF5 is asked where chunks are, and nothing else of it is used.
class DirectReader {
 public:
  /// For a dataset that can be read this way (choose_io in model/io.hpp). Throws DataError where contiguous elements are not all
  /// in the file.
  DirectReader(hid_t file, hid_t dataset, const DatasetInfo& info);

  /// As those of DatasetReader.
  [[nodiscard]] bool decodes() const noexcept { return pipeline_.has_value(); }
  void fetch(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out, RawBlock& raw);
  void decode(const RawBlock& raw, std::span<std::byte> out);
  void read(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out);
  [[nodiscard]] double decode_seconds() const noexcept { return decode_seconds_; }

  /// The first half of fetch() for chunks, filtered or not: where they are, in the order of the file, with room for their bytes
  /// in `raw`. decode() takes them from there.
  void locate(const Box& box, const std::vector<Box>& parts, RawBlock& raw);
  /// Where contiguous elements start in the file; -1: none were written.
  [[nodiscard]] std::int64_t address() const noexcept { return address_; }
  [[nodiscard]] const ElementReader& elements() const noexcept { return elements_; }
  /// Sets the elements of `part` in an array of those of `box` to the fill value.
  void fill(const Box& part, const Box& box, std::span<std::byte> out) const;

 private:
  template <class Take>
  void for_each_batch(const Box& box, const std::vector<Box>& parts, std::size_t chunks, const Take& take);
  void find_contiguous(hid_t dataset);
  void find(RawBlock::Chunk& chunk) const;
  void find_chunks(RawBlock& raw) const;
  static void place_chunks(RawBlock& raw);
  void fetch_stored(RawBlock& raw);
  void read_contiguous(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out);
  void read_elements(const RawBlock& raw, std::span<std::byte> out);
  void read_staged(const RawBlock& raw, std::span<const RawBlock::Chunk> run, std::span<std::byte> out);
  void decode_chunk(const RawBlock& raw, const RawBlock::Chunk& chunk, std::span<std::byte> out);
  [[nodiscard]] Box part_of(const RawBlock& raw, const RawBlock::Chunk& chunk) const;
  [[nodiscard]] std::optional<std::size_t> place_of(const RawBlock& raw, const RawBlock::Chunk& chunk) const;

  hid_t dataset_;
  const DatasetInfo& info_;
  h5::OpenFile file_;
  std::size_t chunk_bytes_;
  std::size_t element_bytes_;
  std::int64_t address_ = -1;  // of contiguous elements; -1: none were written
  // Of fetch().
  ElementReader elements_;
  // Of decode().
  std::optional<FilterPipeline> pipeline_{};  // nothing: no filters
  std::vector<std::byte> chunk_{};
  double decode_seconds_ = 0;
  // Of read(), and of fetch() where nothing is decoded.
  RawBlock batch_{};
};

}  // namespace xylem
