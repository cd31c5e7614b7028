#pragma once

#include <cstdint>
#include <limits>

namespace xylem {

/// A double as an integer, its fraction dropped: the nearest there is where 64 bits do not hold it, 0 for NaN. A plain conversion
/// of such values is undefined.
[[nodiscard]] inline std::int64_t saturated(double value) noexcept {
  if (!(value == value)) return 0;
  if (value >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (value < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}

}  // namespace xylem
