#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/shape.hpp"
#include "xylem/plan/plan.hpp"

namespace xylem {

/// Takes finished values on the rank that found them: `box` of the result of this number, row-major, in its native type (booleans
/// one byte). Every element of every result comes exactly once, on one rank. Threads of a rank may call it at the same time.
using ResultSink = std::function<void(std::size_t result, const Box& box, std::span<const std::byte> values)>;

/// Where a rank's time went, in seconds; what its threads do, added up.
struct RankTimes {
  double read = 0;      ///< fetching blocks, and undoing their filters
  double decode = 0;    ///< of that, undoing filters where HDF5 does not, and putting elements in place
  double wait = 0;      ///< that workers stood still until a block was fetched; the rest of fetching went on beside their work
  double evaluate = 0;  ///< expressions and accumulators
  double merge = 0;     ///< joining what ranks found, waiting for the slowest among them
  double write = 0;     ///< in the sink
  double total = 0;     ///< of the whole run, by the clock: not added up over threads
  std::int64_t blocks = 0;  ///< that this rank has evaluated
};

/// Runs a plan: each worker reads, decodes and evaluates its blocks; what several ranks have of one output is merged; `sink` gets
/// the results. The plan and its options are the same on every rank, and made for this communicator's size. Returns the times of
/// all ranks, by rank. Throws DataError naming file, dataset and chunk or result and place, ResourceError, on every rank alike.
/// Collective: yes.
std::vector<RankTimes> execute(const Communicator& comm, const Plan& plan, const ResultSink& sink);

}  // namespace xylem
