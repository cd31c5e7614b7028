#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/io.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/result/statistics.hpp"

namespace xylem {

/// How datasets are read for compute_statistics().
struct StatisticsOptions {
  std::int64_t memory_limit = 0;  ///< bytes per rank beyond what it uses when idle; the least of all ranks counts
  std::int64_t memory_held = 0;   ///< bytes of these that this rank holds already (metadata); the largest of all ranks counts
  IoStrategy io = IoStrategy::automatic;  ///< not collective: ranks have datasets of their own
  bool decode_cf = true;                  ///< apply _FillValue, scale_factor, ... (model/cf.hpp); false: elements as stored
};

/// What a run did, summed over the ranks.
struct StatisticsReport {
  std::vector<DatasetStatistics> rows;  ///< one a dataset, in the order asked for
  std::int64_t stored_bytes = 0;        ///< bytes of all datasets as stored
  std::int64_t read_bytes = 0;          ///< bytes read, in memory form
  std::int64_t forecast_bytes = 0;      ///< memory per rank, beyond the idle process
  double seconds = 0;                   ///< from start to end, on this rank
};

/// Count, missing, min, max, sum, mean and standard deviation of each dataset, in one pass over the stored chunks, dealt to the
/// ranks by stored bytes. Sums are exact: the answer is the same, bit for bit, for any number of ranks, block size or chunk
/// layout. `scanned_by` has for each dataset's file the rank that reads the chunk indexes in it: the one that scanned it
/// (Tree::scanned_by), so that no two ranks read a file's metadata. Reports progress on standard error (rank 0). Throws DataError
/// (a file, dataset or chunk that cannot be read) or ResourceError (the memory limit is too small), the same on all ranks.
/// Collective: yes.
[[nodiscard]] StatisticsReport compute_statistics(const Communicator& comm,
                                                  const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                                  const std::map<std::string, int>& scanned_by, const StatisticsOptions& options);

}  // namespace xylem
