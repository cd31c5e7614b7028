#include <limits>
#include <type_traits>

#include "xylem/support/multiversion.hpp"

#include "detail/tile.hpp"

namespace xylem::detail {
namespace {

template <class V>
struct Format;
template <>
struct Format<float> {
  using Bits = std::uint32_t;
  using Signed = std::int32_t;
  static constexpr int fraction_bits = 23;
  static constexpr int bias = 127;
};
template <>
struct Format<double> {
  using Bits = std::uint64_t;
  using Signed = std::int64_t;
  static constexpr int fraction_bits = 52;
  static constexpr int bias = 1023;
};

template <class V>
struct Scanner {
  using Bits = typename Format<V>::Bits;
  using Signed = typename Format<V>::Signed;
  static constexpr Bits magnitude_mask = std::numeric_limits<Bits>::max() >> 1;
  static constexpr Bits infinity_bits = Bits{2 * Format<V>::bias + 1} << Format<V>::fraction_bits;
  static constexpr int sign_shift = static_cast<int>(8 * sizeof(Bits) - 1);

  // Signed integers in the order of the values, -0.0 below +0.0; its own inverse.
  static XYLEM_INLINE Signed key(Bits bits) {
    const auto value = static_cast<Signed>(bits);
    return value ^ ((value >> sign_shift) & static_cast<Signed>(magnitude_mask));
  }

  Signed min = std::numeric_limits<Signed>::max();
  Signed max = std::numeric_limits<Signed>::min();
  Bits largest = 0;                               // bits of the largest finite magnitude
  Bits least = std::numeric_limits<Bits>::max();  // bits of the least nonzero magnitude, less one: zero counts as huge
  std::int32_t count = 0;
  std::int32_t positive_infinities = 0;
  std::int32_t negative_infinities = 0;

  // For tiles of finite numbers only; false when there are others.
  XYLEM_INLINE bool scan_finite(const V* x, int n) {
    Signed low = min, high = max;
    Bits small = least;
    for (int i = 0; i < n; ++i) {
      const auto bits = __builtin_bit_cast(Bits, x[i]);
      const Signed k = key(bits);
      low = k < low ? k : low;
      high = k > high ? k : high;
      const Bits below = (bits & magnitude_mask) - 1;
      small = below < small ? below : small;
    }
    constexpr auto top_key = static_cast<Signed>(infinity_bits);
    if (high >= top_key || low <= ~top_key) return false;
    min = low;
    max = high;
    least = small;
    count = n;
    const Bits positive = high > 0 ? static_cast<Bits>(high) : 0;
    const Bits negative = low < 0 ? static_cast<Bits>(~low) : 0;
    largest = positive > negative ? positive : negative;
    return true;
  }

  // Replaces NaN, which is missing, and infinities, which are counted, by zeros. Several short loops with bit operations, because
  // compilers do not vectorize one long loop with selections.
  XYLEM_INLINE void scan_any(V* x, int n) {
    Signed low = min, high = max;
    for (int i = 0; i < n; ++i) {
      const auto bits = __builtin_bit_cast(Bits, x[i]);
      const Bits number = (bits & magnitude_mask) <= infinity_bits ? ~Bits{0} : 0;  // all ones or zero
      const Bits kept = static_cast<Bits>(key(bits)) & number;
      const auto k_low = static_cast<Signed>(kept | (~number & magnitude_mask));
      const auto k_high = static_cast<Signed>(kept | (~number & ~magnitude_mask));
      low = k_low < low ? k_low : low;
      high = k_high > high ? k_high : high;
    }
    min = low;
    max = high;
    Bits numbers = 0;
    for (int i = 0; i < n; ++i) numbers += (__builtin_bit_cast(Bits, x[i]) & magnitude_mask) <= infinity_bits ? 1 : 0;
    count = static_cast<std::int32_t>(numbers);
    constexpr auto top_key = static_cast<Signed>(infinity_bits);
    if (max == top_key) positive_infinities = count_equal(x, n, infinity_bits);
    if (min == ~top_key) negative_infinities = count_equal(x, n, infinity_bits | ~magnitude_mask);

    for (int i = 0; i < n; ++i) {
      const auto bits = __builtin_bit_cast(Bits, x[i]);
      const Bits finite = (bits & magnitude_mask) < infinity_bits ? ~Bits{0} : 0;
      x[i] = __builtin_bit_cast(V, bits & finite);
    }

    Bits small = least, large = 0;
    for (int i = 0; i < n; ++i) {
      const Bits magnitude = __builtin_bit_cast(Bits, x[i]) & magnitude_mask;
      const Bits below = magnitude - 1;
      small = below < small ? below : small;
      large = magnitude > large ? magnitude : large;
    }
    least = small;
    largest = large;
  }

  static XYLEM_INLINE std::int32_t count_equal(const V* x, int n, Bits bits) {
    Bits equal = 0;
    for (int i = 0; i < n; ++i) equal += __builtin_bit_cast(Bits, x[i]) == bits ? 1 : 0;
    return static_cast<std::int32_t>(equal);
  }

  [[nodiscard]] static double value_of(Signed k) { return __builtin_bit_cast(V, static_cast<Bits>(key(static_cast<Bits>(k)))); }
  [[nodiscard]] static int exponent(Bits magnitude) {
    const auto field = static_cast<int>(magnitude >> Format<V>::fraction_bits);
    return (field > 1 ? field : 1) - Format<V>::bias;
  }
};

template <class V>
XYLEM_INLINE void reduce(V* x, int n, TileResult& result) {
  Scanner<V> scan;
  if (!scan.scan_finite(x, n)) scan.scan_any(x, n);
  result.count = scan.count;
  result.positive_infinities = scan.positive_infinities;
  result.negative_infinities = scan.negative_infinities;
  result.min_key = key_of(Scanner<V>::value_of(scan.min));
  result.max_key = key_of(Scanner<V>::value_of(scan.max));
  result.exact = true;
  result.sum_terms = result.square_terms = 0;
  if (scan.largest == 0) return;

  const int top = Scanner<V>::exponent(scan.largest) + 1;
  const int last = Scanner<V>::exponent(scan.least + 1) - Format<V>::fraction_bits;
  if constexpr (std::is_same_v<V, float>) {
    extract_floats(x, n, top, last, result);
  } else {
    extract_doubles(x, n, top, last, result);
  }
}

}  // namespace

XYLEM_MULTIVERSION void reduce_floats(float* x, int n, TileResult& result) { reduce(x, n, result); }
XYLEM_MULTIVERSION void reduce_doubles(double* x, int n, TileResult& result) { reduce(x, n, result); }

}  // namespace xylem::detail
