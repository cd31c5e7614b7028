#include <cmath>
#include <limits>
#include <utility>

#include "detail/evaluate_steps.hpp"

namespace xylem::detail {
namespace {

// Signed and unsigned integers are compared as the numbers that they are.
template <Operation op, class A, class B>
XYLEM_INLINE bool compare(A a, B b) {
  if constexpr (std::is_same_v<A, B>) {
    if constexpr (op == Operation::less) return a < b;
    if constexpr (op == Operation::less_equal) return a <= b;
    if constexpr (op == Operation::equal) return a == b;
    if constexpr (op == Operation::not_equal) return a != b;
  } else {
    if constexpr (op == Operation::less) return std::cmp_less(a, b);
    if constexpr (op == Operation::less_equal) return std::cmp_less_equal(a, b);
    if constexpr (op == Operation::equal) return std::cmp_equal(a, b);
    if constexpr (op == Operation::not_equal) return std::cmp_not_equal(a, b);
  }
}

template <Operation op, class A, class B>
XYLEM_INLINE void loop(const void* const* in, int n, void* out) {
  const A* __restrict a = static_cast<const A*>(in[0]);
  const B* __restrict b = static_cast<const B*>(in[1]);
  std::uint8_t* __restrict result = static_cast<std::uint8_t*>(out);
  for (int i = 0; i < n; ++i) result[i] = compare<op>(a[i], b[i]);
}

template <class A, class B>
XYLEM_INLINE void compare_all(Operation operation, const void* const* in, int n, void* out) {
  switch (operation) {
    case Operation::less: return loop<Operation::less, A, B>(in, n, out);
    case Operation::less_equal: return loop<Operation::less_equal, A, B>(in, n, out);
    case Operation::equal: return loop<Operation::equal, A, B>(in, n, out);
    default: return loop<Operation::not_equal, A, B>(in, n, out);
  }
}

template <class T>
XYLEM_INLINE void finiteness(bool finite, const void* in, int n, void* out) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T* __restrict a = static_cast<const T*>(in);
  std::uint8_t* __restrict result = static_cast<std::uint8_t*>(out);
  if (finite) {
    for (int i = 0; i < n; ++i) result[i] = std::fabs(a[i]) < infinity;
  } else {
    for (int i = 0; i < n; ++i) result[i] = std::fabs(a[i]) == infinity;
  }
}

}  // namespace

XYLEM_MULTIVERSION void run_comparison(const Step& step, const void* const* in, int n, void* out) {
  with_native(
      step.input, [&](auto zero) __attribute__((always_inline)) {
        compare_all<decltype(zero), decltype(zero)>(step.operation, in, n, out);
      });
}

XYLEM_MULTIVERSION void run_mixed_comparison(const Step& step, const void* const* in, int n, void* out) {
  if (step.input == ElementType::int64) {
    compare_all<std::int64_t, std::uint64_t>(step.operation, in, n, out);
  } else {
    compare_all<std::uint64_t, std::int64_t>(step.operation, in, n, out);
  }
}

XYLEM_MULTIVERSION void run_finiteness(const Step& step, const void* const* in, int n, void* out) {
  const bool finite = step.operation == Operation::isfinite;
  if (step.input == ElementType::float64) {
    finiteness<double>(finite, in[0], n, out);
  } else {
    finiteness<float>(finite, in[0], n, out);
  }
}

XYLEM_MULTIVERSION void run_where(const Step& step, const void* const* in, int n, void* out) {
  with_native(
      step.type, [&](auto zero) __attribute__((always_inline)) {
        using T = decltype(zero);
        const std::uint8_t* __restrict condition = static_cast<const std::uint8_t*>(in[0]);
        const T* __restrict a = static_cast<const T*>(in[1]);
        const T* __restrict b = static_cast<const T*>(in[2]);
        T* __restrict result = static_cast<T*>(out);
        for (int i = 0; i < n; ++i) {
          const T first = a[i], second = b[i];  // both are read, whatever is chosen: so the loop vectorizes
          result[i] = condition[i] != 0 ? first : second;
        }
      });
}

}  // namespace xylem::detail
