#pragma once

#include <cstddef>
#include <cstdint>

#include "xylem/kernels/stats.hpp"

namespace xylem {

/// The statistics of n elements at `raw`, in the stored type and byte order, computed slowly and obviously: element by element,
/// with integers of any size, and each result searched for among all doubles. What StatsAccumulator is held against.
Stats reference_stats(const DType& stored, const CfDecoding& decoding, const std::byte* raw, std::int64_t n);

}  // namespace xylem
