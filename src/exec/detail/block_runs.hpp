#pragma once

#include <cstdint>
#include <vector>

#include "xylem/plan/plan.hpp"

namespace xylem::detail {

/// Blocks of a scan that follow each other.
struct BlockRun {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool empty = false;  ///< nothing that they need was ever written; all together they are the box from the first to the last
};

/// The blocks of a range in their order. Where little is stored of much, what is not is found in runs as long as can be, in time
/// that follows what is stored; elsewhere all is one run that is not empty. An empty run stays within one tile of each
/// streamed group.
[[nodiscard]] std::vector<BlockRun> block_runs(const Pass& pass, const ScanRange& range);

/// The elements of a run that is a box of blocks.
[[nodiscard]] Box box_of(const Scan& scan, const BlockRun& run);

}  // namespace xylem::detail
