#include <cmath>

#include "detail/evaluate_steps.hpp"

// This file is compiled with -fno-math-errno, without which square roots do not vectorize.

namespace xylem::detail {
namespace {

template <Operation op>
using Constant = std::integral_constant<Operation, op>;

template <Operation op, class T>
XYLEM_INLINE T value(T a, T b) {
  if constexpr (op == Operation::add) return a + b;
  if constexpr (op == Operation::subtract) return a - b;
  if constexpr (op == Operation::multiply) return a * b;
  if constexpr (op == Operation::positive) return a;
}

template <Operation op, Operation left, Operation right, bool root, class T>
XYLEM_INLINE void loop(const void* const* in, int n, T* __restrict out) {
  const T* __restrict a = static_cast<const T*>(in[0]);
  const T* __restrict b = static_cast<const T*>(in[1]);
  const T* __restrict c = static_cast<const T*>(in[2]);
  const T* __restrict d = static_cast<const T*>(in[3]);
  for (int i = 0; i < n; ++i) {
    const T result = value<op>(value<left>(a[i], b[i]), value<right>(c[i], d[i]));
    out[i] = root ? std::sqrt(result) : result;
  }
}

template <class F>
XYLEM_INLINE void with_outer(Operation operation, F f) {
  switch (operation) {
    case Operation::add: return f(Constant<Operation::add>{});
    case Operation::subtract: return f(Constant<Operation::subtract>{});
    default: return f(Constant<Operation::multiply>{});
  }
}
template <class F>
XYLEM_INLINE void with_inner(Operation operation, F f) {
  if (operation == Operation::positive) return f(Constant<Operation::positive>{});
  with_outer(operation, f);
}

template <class T>
XYLEM_INLINE void dispatch(const Step& step, const void* const* in, int n, void* out) {
  with_outer(
      step.operation, [&](auto op) __attribute__((always_inline)) {
        with_inner(
            step.left, [&](auto left) __attribute__((always_inline)) {
              with_inner(
                  step.right, [&](auto right) __attribute__((always_inline)) {
                    constexpr bool none = left() == Operation::positive && right() == Operation::positive;
                    constexpr bool ordered = op() == Operation::subtract || left() >= right();
                    if constexpr (!none && ordered) {
                      if (step.root) {
                        loop<op(), left(), right(), true>(in, n, static_cast<T*>(out));
                      } else {
                        loop<op(), left(), right(), false>(in, n, static_cast<T*>(out));
                      }
                    }
                  });
            });
      });
}

}  // namespace

XYLEM_MULTIVERSION void run_fused(const Step& step, const void* const* in, int n, void* out) {
  if (step.type == ElementType::float32) {
    dispatch<float>(step, in, n, out);
  } else {
    dispatch<double>(step, in, n, out);
  }
}

}  // namespace xylem::detail
