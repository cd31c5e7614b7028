#include "detail/aggregate_state.hpp"
#include "detail/keys.hpp"
#include "detail/native.hpp"

namespace xylem::detail {
namespace {

// All ones, or zero for a missing element: with bit operations rather than comparisons of floats, which compilers do not always
// vectorize.
template <class T>
XYLEM_INLINE KeyOf<T> present(T x) {
  using Key = KeyOf<T>;
  if constexpr (std::is_floating_point_v<T>) {
    constexpr Key infinity = __builtin_bit_cast(Key, std::numeric_limits<T>::infinity());
    return (__builtin_bit_cast(Key, x) & std::numeric_limits<Key>::max()) <= infinity ? ~Key{0} : Key{0};
  } else {
    return static_cast<Key>(~Key{0});
  }
}

// What is not missing as a double, missing elements as 0.
template <class T>
XYLEM_INLINE double present_number(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(__builtin_bit_cast(T, static_cast<KeyOf<T>>(__builtin_bit_cast(KeyOf<T>, x) & present(x))));
  } else {
    return static_cast<double>(x);
  }
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
        for (int i = 0; i < n; ++i) count += present(x[i]) & 1;
        return count;
      });
}

XYLEM_MULTIVERSION void count_columns(ElementType type, const void* values, int offset, int n, int rows, int stride,
                                      std::int64_t* counts) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* x = static_cast<const decltype(zero)*>(values) + offset;
        for (int r = 0; r < rows; ++r) {
          for (int i = 0; i < n; ++i) counts[i] += present(x[r * stride + i]) & 1;
        }
      });
}

XYLEM_MULTIVERSION void add_numbers(ElementType type, const void* numbers, int n, std::int64_t* counts) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        const auto* added = static_cast<const KeyOf<decltype(zero)>*>(numbers);
        for (int i = 0; i < n; ++i) counts[i] += static_cast<std::int64_t>(added[i]);
      });
}

}  // namespace xylem::detail
