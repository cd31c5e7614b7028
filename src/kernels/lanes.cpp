#include <cmath>

#include "detail/aggregate_state.hpp"
#include "detail/native.hpp"

namespace xylem::detail {
namespace {

template <class T>
XYLEM_INLINE std::int64_t present(T x) {
  return x == x ? 1 : 0;
}

// What is not missing as a double, missing elements as 0.
template <class T>
XYLEM_INLINE double present_number(T x) {
  return x == x ? static_cast<double>(x) : 0.0;
}

}  // namespace

XYLEM_MULTIVERSION double sum_lanes(const double* x, int n) {
  constexpr int lanes = 32;
  double sums[lanes] = {};
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int l = 0; l < lanes; ++l) sums[l] += x[i + l];
  }
  double sum = 0;
  for (; i < n; ++i) sum += x[i];
  for (const double part : sums) sum += part;
  return sum;
}

XYLEM_MULTIVERSION void add_columns(const double* x, int n, int rows, int stride, double* sums) {
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < n; ++i) sums[i] += x[r * stride + i];
  }
}

XYLEM_MULTIVERSION void load_doubles(ElementType type, const void* values, int n, double* out) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* x = static_cast<const decltype(zero)*>(values);
        for (int i = 0; i < n; ++i) out[i] = present_number(x[i]);
      });
}

XYLEM_MULTIVERSION void multiply_doubles(ElementType type, const void* values, int n, double* out) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* x = static_cast<const decltype(zero)*>(values);
        for (int i = 0; i < n; ++i) out[i] *= present_number(x[i]);
      });
}

XYLEM_MULTIVERSION std::int64_t count_run(ElementType type, const void* values, int offset, int n) {
  return with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* x = static_cast<const decltype(zero)*>(values) + offset;
        std::int64_t count = 0;
        for (int i = 0; i < n; ++i) count += present(x[i]);
        return count;
      });
}

XYLEM_MULTIVERSION void count_columns(ElementType type, const void* values, int offset, int n, int rows, int stride,
                                      std::int64_t* counts) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* x = static_cast<const decltype(zero)*>(values) + offset;
        for (int r = 0; r < rows; ++r) {
          for (int i = 0; i < n; ++i) counts[i] += present(x[r * stride + i]);
        }
      });
}

}  // namespace xylem::detail
