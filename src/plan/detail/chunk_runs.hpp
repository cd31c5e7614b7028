#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "xylem/plan/plan.hpp"

namespace xylem::detail {

/// Chunks (or blocks) side by side along one axis: first to last.
struct ChunkRun {
  std::int64_t first;
  std::int64_t last;
};
using ChunkRuns = std::vector<ChunkRun>;

/// Adds the chunks of extent `chunk` that hold the positions of indices [first, second) along an axis. Runs grow where they can.
void add_chunks(ChunkRuns& runs, const LeafAxis& axis, std::pair<std::int64_t, std::int64_t> indices, std::int64_t chunk);

/// In ascending order, each chunk once.
void normalize(ChunkRuns& runs);

/// Counts, for each dataset of a scan that has its blocks, the chunks that are needed and how often they are read. Both are upper
/// bounds where very many evaluations take parts of a large dataset.
void count_chunks(Scan& scan);

}  // namespace xylem::detail
