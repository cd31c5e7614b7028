#include "xylem/kernels/exact_state.hpp"

#include <limits>
#include <type_traits>

#include "xylem/kernels/exact_sum.hpp"

namespace xylem {

static_assert(std::is_trivially_copyable_v<ExactState> && sizeof(ExactState) == 560);

double ExactState::round() const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (undefined || (positive_infinity && negative_infinity)) return std::numeric_limits<double>::quiet_NaN();
  if (positive_infinity || negative_infinity) return positive_infinity ? infinity : -infinity;
  ExactState normal = *this;
  normal.normalize();
  ExactSum sum(ExactSum::double_range);
  sum.add_limbs(normal.limbs);
  return sum.round();
}

}  // namespace xylem
