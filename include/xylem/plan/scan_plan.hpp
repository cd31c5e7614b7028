#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/io.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/model/topology.hpp"

namespace xylem {

/// How one dataset is read in a pass: block by block, each block a union of whole stored chunks, so that every chunk is read and
/// decoded once. Where chunks are large and not filtered a block is part of one (two at most, where nothing divides its extents
/// well); where the dataset is not chunked it may be any part of it.
struct DatasetScan {
  std::shared_ptr<const DatasetInfo> info;
  ChunkGrid blocks{{}, {}};                   ///< all that the dataset is cut into
  std::vector<std::int64_t> sparse_blocks{};  ///< the blocks to read, where only few are stored; empty: all of `blocks`
  std::int64_t num_blocks = 0;                ///< blocks to read; 0 where nothing is stored
  std::int64_t fill_elements = 0;             ///< elements outside those blocks: never written, they have the fill value
  std::int64_t bytes_beside = 0;              ///< memory needed besides a block, to decode chunks and put them together
  std::int64_t weight = 0;                    ///< stored bytes, at least one a block: what the dealing goes by

  /// The elements of the i-th block to read, 0 <= i < num_blocks.
  [[nodiscard]] Box box(std::int64_t i) const;
  /// Bytes of all blocks to read, in memory.
  [[nodiscard]] std::int64_t read_bytes() const;
  /// Bytes of a full block in memory.
  [[nodiscard]] std::int64_t block_bytes() const;
};

/// A rank's blocks of one dataset: [begin, end).
struct BlockRange {
  std::size_t dataset = 0;  ///< of ScanPlan::datasets()
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// One pass over the stored chunks of several datasets: what is read, in which blocks, by whom, in how much memory.
/// An immutable value, made from metadata alone; it knows the ranks as a number and needs no MPI.
class ScanPlan {
 public:
  /// memory_limit: bytes that one rank may use beyond what it uses when idle; memory_held: bytes of these that are in use already
  /// (the tree's metadata); io: how DatasetReader is told to read. `summaries` belong to `datasets`, one each; all datasets are
  /// numeric. Throws ResourceError, naming the smallest limit that would do, when a chunk that must be decoded whole does not
  /// fit, or what is kept of each dataset does not; DataError when a shape has more elements than can be counted.
  ScanPlan(const std::vector<std::shared_ptr<const DatasetInfo>>& datasets, const std::vector<StorageSummary>& summaries,
           Topology topology, std::int64_t memory_limit, std::int64_t memory_held = 0, IoStrategy io = IoStrategy::automatic);

  /// As they were given to the constructor, in the same order.
  [[nodiscard]] const std::vector<DatasetScan>& datasets() const noexcept { return datasets_; }

  /// What `rank` reads: contiguous in the order of the datasets, its share of the weight within one block of the others'.
  [[nodiscard]] std::vector<BlockRange> share(int rank) const;

  /// Bytes that one rank needs beyond what it uses when idle: metadata and results of all datasets, block and decoding buffers,
  /// HDF5's caches, accumulators. Of usual chunks (model/io.hpp); the limit has room for any.
  [[nodiscard]] std::int64_t forecast_bytes() const noexcept { return forecast_; }

  /// Bytes that `rank` reads, in memory form; blocks that overhang count in full.
  [[nodiscard]] std::int64_t bytes(int rank) const;

 private:
  [[nodiscard]] std::int64_t first_block(std::size_t dataset, std::int64_t boundary) const;

  std::vector<DatasetScan> datasets_;
  std::vector<std::int64_t> weight_before_;  // of all datasets before each, and at the end of all
  Topology topology_;
  std::int64_t forecast_ = 0;
};

}  // namespace xylem
