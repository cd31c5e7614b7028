#include <cmath>
#include <limits>

#include "detail/evaluate_steps.hpp"

namespace xylem::detail {
namespace {

// True where all numbers, cut towards zero, lie in the integer type's range.
template <class To, class From>
XYLEM_INLINE bool all_fit(const From* a, int n) {
  constexpr From limit = static_cast<From>(std::uint64_t{1} << (std::numeric_limits<To>::digits - 1)) * 2;  // the first beyond
  constexpr From least = std::is_signed_v<To> ? -limit : From{0};
  int bad = 0;
  for (int i = 0; i < n; ++i) {
    const From cut = std::trunc(a[i]);
    bad |= !((cut < limit) & (cut >= least));
  }
  return bad == 0;
}

// False, with nothing done, where a number does not fit.
template <ElementType to, class From>
XYLEM_INLINE bool cast(const From* __restrict a, int n, void* out) {
  using To = NativeOf<to>;
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && to != ElementType::boolean) {
    if (!all_fit<To>(a, n)) return false;
  }
  To* __restrict result = static_cast<To*>(out);
  for (int i = 0; i < n; ++i) {
    if constexpr (to == ElementType::float16 && std::is_integral_v<From>) {
      result[i] = round_to_half(static_cast<double>(a[i]));
    } else {
      result[i] = narrowed<to>(a[i]);
    }
  }
  return true;
}

XYLEM_MULTIVERSION bool cast_all(ElementType from, ElementType to, const void* in, int n, void* out) {
  return with_native(
      from, [&](auto zero) __attribute__((always_inline)) {
        const auto* a = static_cast<const decltype(zero)*>(in);
        return with_type(
            to, [&](auto type) __attribute__((always_inline)) { return cast<type()>(a, n, out); });
      });
}

}  // namespace

void run_cast(const Step& step, const void* const* in, int n, void* out) {
  if (cast_all(step.input, step.type, in[0], n, out)) return;
  with_native(step.input, [&](auto zero) {
    for (int i = 0; i < n; ++i) {
      static_cast<void>(convert(static_cast<double>(static_cast<const decltype(zero)*>(in[0])[i]), step.type));  // throws
    }
  });
}

}  // namespace xylem::detail
