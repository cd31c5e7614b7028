#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xylem/model/io.hpp"
#include "xylem/model/limits.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/storage/raw_block.hpp"

namespace xylem {

/// Files that this rank has open to read, the most recently used first; the oldest is closed when there are too many.
class FilePool {
 public:
  /// `capacity`: files that are open at once, at least 1; one that is in use elsewhere stays open beside them.
  explicit FilePool(std::size_t capacity = max_open_files) : capacity_(capacity) {}
  ~FilePool();
  FilePool(FilePool&&) noexcept = default;

  /// The open file, opened now if need be. Throws as h5::open_readonly.
  [[nodiscard]] std::shared_ptr<const h5::File> open(const std::string& path);

 private:
  std::size_t capacity_;
  std::list<std::pair<std::string, std::shared_ptr<const h5::File>>> files_;
};

class DirectReader;

/// One dataset, open on this rank, independent of other ranks. Each stored chunk that a box touches is read and decoded once.
///
/// Strategies (docs/reading.md): `direct` asks HDF5 where chunks are, and reads and decodes them with our own code; `hyperslab`
/// goes through HDF5's pipeline, for what choose_io() says cannot be read directly. `automatic` is direct where it can be.
///
/// Reading has two steps, so that one box can be decoded while the next is fetched: one thread may be in fetch() and another in
/// decode() of the same reader at the same time, with two RawBlocks. Else each thread has readers and files of its own; they may
/// read at the same time, one in HDF5 and the others reading bytes and decoding.
class DatasetReader {
 public:
  /// Opens the dataset. Throws DataError when it is no longer what `info` says (shape, type, chunks), UsageError when it cannot
  /// be read directly but must.
  DatasetReader(FilePool& files, std::shared_ptr<const DatasetInfo> info, IoStrategy strategy = IoStrategy::automatic);
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;

  /// Reads the elements of `box` into `out`, row-major, in the stored type and byte order (the native type where
  /// `info.dtype.standard` is false). `out` holds box.size() * dtype.size bytes. Throws DataError naming file, dataset and, where
  /// one is to blame, the chunk. As fetch() and decode(), but takes little memory whatever the size of the box
  /// (model/io.hpp).
  void read(const Box& box, std::span<std::byte> out);

  /// Whether there is something to decode. Where there is, fetch() leaves `out` alone (it may be empty), and decode() fills it;
  /// where there is not, fetch() puts the elements into `out`, the raw block stays empty, and decode() does nothing.
  [[nodiscard]] bool decodes() const noexcept;
  /// The first step of read(): looks up where the box's bytes are, and reads them. Throws as read().
  void fetch(const Box& box, std::span<std::byte> out, RawBlock& raw);
  /// Fetches only `parts`, boxes within `box` that do not overlap; `out` holds the whole of `box` all the same, and what is in no
  /// part is left undefined.
  void fetch(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out, RawBlock& raw);
  /// The second step: decodes what was fetched, and puts each element of the box (of its parts) in its place in `out`. Calls no
  /// HDF5. Throws DataError naming file, dataset and chunk.
  void decode(const RawBlock& raw, std::span<std::byte> out);

  /// Seconds that undoing filters took so far (not while another thread is in decode()); 0 where HDF5
  /// does it while it reads.
  [[nodiscard]] double decode_seconds() const noexcept;

  /// What is stored. Reads the dataset's chunk index, no elements. Throws DataError where that index cannot be
  /// read, or where the file is too short for what it claims.
  [[nodiscard]] StorageSummary summarize() const;

 private:
  friend class CollectiveReader;

  void read_by_hdf5(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out);
  void read_part(const Box& part, const Box& box, std::byte* out);
  bool try_read(const Box& part, const Box& box, std::byte* out) const;
  [[noreturn]] void blame(const Box& part, const Box& box, std::byte* out) const;

  std::shared_ptr<const DatasetInfo> info_;
  std::shared_ptr<const h5::File> file_;
  h5::Dataset dataset_;
  h5::Datatype type_;
  h5::Dataspace file_space_;
  // Of the box that was read last: blocks have the same extents again and again.
  mutable h5::Dataspace memory_space_;
  mutable Shape memory_count_;
  std::unique_ptr<DirectReader> direct_;
};

}  // namespace xylem
