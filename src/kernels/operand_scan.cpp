#include <algorithm>
#include <limits>
#include <type_traits>

#include "detail/keys.hpp"
#include "detail/native.hpp"
#include "detail/operand.hpp"

// The loops over a tile's values, compiled for several instruction sets. With bit operations rather than selections, which
// compilers do not always vectorize.
namespace xylem::detail {
namespace {

template <class V>
using BitsOf = std::conditional_t<sizeof(V) == 4, std::uint32_t, std::uint64_t>;

template <class V>
XYLEM_INLINE void scan_reals(const V* x, int n, bool extremes, Magnitudes& result) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  constexpr Bits mask = std::numeric_limits<Bits>::max() >> 1;
  Bits largest = 0;
  Bits least = std::numeric_limits<Bits>::max();
  if (!extremes) {
    for (int i = 0; i < n; ++i) {
      const Bits magnitude = __builtin_bit_cast(Bits, x[i]) & mask;
      const Bits below = magnitude - 1;
      largest = magnitude > largest ? magnitude : largest;
      least = below < least ? below : least;
    }
  } else {
    Key low = std::numeric_limits<Key>::max();
    Key high = std::numeric_limits<Key>::min();
    for (int i = 0; i < n; ++i) {
      const Bits bits = __builtin_bit_cast(Bits, x[i]);
      const Key key = turn_key<V>(static_cast<Key>(bits));
      const Bits below = (bits & mask) - 1;
      low = key < low ? key : low;
      high = key > high ? key : high;
      least = below < least ? below : least;
    }
    const Bits positive = high > 0 ? static_cast<Bits>(high) : 0;
    const Bits negative = low < 0 ? static_cast<Bits>(~low) : 0;
    largest = positive > negative ? positive : negative;
    result.min_key = low;
    result.max_key = high;
  }
  result.largest = largest;
  result.least = least;
}

// A few columns at a time, whose extremes stay in the L1 cache while the rows pass.
constexpr int chunk = 128;

template <int deep, class V>
XYLEM_INLINE void scan_rows(const V* x, int n, int stride, KeyOf<V>* low, KeyOf<V>* high, BitsOf<V>& least) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  constexpr Bits mask = std::numeric_limits<Bits>::max() >> 1;
  for (int i = 0; i < n; ++i) {
    Key lowest = low[i], highest = high[i];
    for (int r = 0; r < deep; ++r) {
      const Bits bits = __builtin_bit_cast(Bits, x[r * stride + i]);
      const Key key = turn_key<V>(static_cast<Key>(bits));
      const Bits below = (bits & mask) - 1;
      lowest = key < lowest ? key : lowest;
      highest = key > highest ? key : highest;
      least = below < least ? below : least;
    }
    low[i] = lowest;
    high[i] = highest;
  }
}

template <class V>
XYLEM_INLINE void scan_columns_of(const V* x, int n, int rows, KeyOf<V>* lows, KeyOf<V>* highs, Magnitudes& result) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  Bits least = std::numeric_limits<Bits>::max();
  Key lowest = std::numeric_limits<Key>::max(), highest = std::numeric_limits<Key>::min();
  for (int first = 0; first < n; first += chunk) {
    const int m = n - first < chunk ? n - first : chunk;
    alignas(64) Key low[chunk], high[chunk];
    for (int i = 0; i < m; ++i) low[i] = std::numeric_limits<Key>::max();
    for (int i = 0; i < m; ++i) high[i] = std::numeric_limits<Key>::min();
    constexpr int deep = 4;
    int r = 0;
    for (; r + deep <= rows; r += deep) scan_rows<deep>(x + first + r * n, m, n, low, high, least);
    for (; r < rows; ++r) scan_rows<1>(x + first + r * n, m, n, low, high, least);
    for (int i = 0; i < m; ++i) {
      lowest = low[i] < lowest ? low[i] : lowest;
      highest = high[i] > highest ? high[i] : highest;
      lows[first + i] = low[i];
      highs[first + i] = high[i];
    }
  }
  const Bits positive = highest > 0 ? static_cast<Bits>(highest) : 0;
  const Bits negative = lowest < 0 ? static_cast<Bits>(~lowest) : 0;
  result.largest = positive > negative ? positive : negative;
  result.least = least;
}

// What an element that may be missing or infinite adds to a scan. By value, and into variables of the loops': those vectorize.
template <class V>
struct Seen {
  BitsOf<V> finite;  // the element's bits, or zero
  BitsOf<V> infinite;
  KeyOf<V> low, high;  // its key, or the greatest and the least of all
  KeyOf<V> there;      // all ones unless missing
};

template <class V>
XYLEM_INLINE Seen<V> seen(V x) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  constexpr Key infinity = __builtin_bit_cast(Key, std::numeric_limits<V>::infinity());
  const Key bits = __builtin_bit_cast(Key, x);
  const Key magnitude = bits & std::numeric_limits<Key>::max();
  // By signs of differences: of two comparisons that follow from each other compilers make branches.
  constexpr int sign = 8 * sizeof(Key) - 1;
  const Key there = ~((infinity - magnitude) >> sign);
  const Key finite = (magnitude - infinity) >> sign;
  const Key key = turn_key<V>(bits) & there;
  return {static_cast<Bits>(bits & finite), static_cast<Bits>(there & ~finite), key | (std::numeric_limits<Key>::max() & ~there),
          key | (std::numeric_limits<Key>::min() & ~there), there};
}

template <bool extremes, class V>
XYLEM_INLINE bool repair_run(const V* x, int n, V* out, KeyOf<V>* low, KeyOf<V>* high, KeyOf<V>* present, Magnitudes& result) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  constexpr Bits mask = std::numeric_limits<Bits>::max() >> 1;
  Bits largest = 0, least = std::numeric_limits<Bits>::max(), infinite = 0;
  Key lowest = std::numeric_limits<Key>::max(), highest = std::numeric_limits<Key>::min(), count = 0;
  for (int i = 0; i < n; ++i) {
    const Seen<V> one = seen(x[i]);
    const Bits magnitude = one.finite & mask;
    const Bits below = magnitude - 1;
    largest = magnitude > largest ? magnitude : largest;
    least = below < least ? below : least;
    infinite |= one.infinite;
    if constexpr (extremes) lowest = one.low < lowest ? one.low : lowest;
    if constexpr (extremes) highest = one.high > highest ? one.high : highest;
    count -= one.there;
    out[i] = __builtin_bit_cast(V, one.finite);
  }
  if constexpr (extremes) {
    *low = lowest;
    *high = highest;
  }
  *present = count;
  result.largest = largest;
  result.least = least;
  return infinite != 0;
}

template <bool extremes, class V>
XYLEM_INLINE bool repair_columns_of(const V* x, int n, int rows, V* out, KeyOf<V>* lows, KeyOf<V>* highs, KeyOf<V>* counts,
                                    Magnitudes& result) {
  using Bits = BitsOf<V>;
  using Key = KeyOf<V>;
  constexpr Bits mask = std::numeric_limits<Bits>::max() >> 1;
  if (n == 1) return repair_run<extremes>(x, rows, out, lows, highs, counts, result);
  Bits largest = 0, least = std::numeric_limits<Bits>::max(), infinite = 0;
  for (int first = 0; first < n; first += chunk) {
    const int m = n - first < chunk ? n - first : chunk;
    alignas(64) Key low[chunk], high[chunk], present[chunk] = {};
    for (int i = 0; i < m; ++i) low[i] = std::numeric_limits<Key>::max();
    for (int i = 0; i < m; ++i) high[i] = std::numeric_limits<Key>::min();
    for (int r = 0; r < rows; ++r) {
      const V* row = x + first + r * n;
      V* to = out + first + r * n;
      for (int i = 0; i < m; ++i) {
        const Seen<V> one = seen(row[i]);
        const Bits magnitude = one.finite & mask;
        const Bits below = magnitude - 1;
        largest = magnitude > largest ? magnitude : largest;
        least = below < least ? below : least;
        infinite |= one.infinite;
        if constexpr (extremes) low[i] = one.low < low[i] ? one.low : low[i];
        if constexpr (extremes) high[i] = one.high > high[i] ? one.high : high[i];
        present[i] -= one.there;
        to[i] = __builtin_bit_cast(V, one.finite);
      }
    }
    for (int i = 0; i < m; ++i) {
      if constexpr (extremes) lows[first + i] = low[i];
      if constexpr (extremes) highs[first + i] = high[i];
      counts[first + i] = present[i];
    }
  }
  result.largest = largest;
  result.least = least;
  return infinite != 0;
}

}  // namespace

XYLEM_MULTIVERSION void scan_run(const float* x, int n, bool extremes, Magnitudes& result) { scan_reals(x, n, extremes, result); }
XYLEM_MULTIVERSION void scan_run(const double* x, int n, bool extremes, Magnitudes& result) {
  scan_reals(x, n, extremes, result);
}
XYLEM_MULTIVERSION void scan_columns(const float* x, int n, int rows, std::int32_t* least, std::int32_t* greatest,
                                     Magnitudes& result) {
  scan_columns_of(x, n, rows, least, greatest, result);
}
XYLEM_MULTIVERSION void scan_columns(const double* x, int n, int rows, std::int64_t* least, std::int64_t* greatest,
                                     Magnitudes& result) {
  scan_columns_of(x, n, rows, least, greatest, result);
}
XYLEM_MULTIVERSION bool repair_columns(const float* x, int n, int rows, float* out, std::int32_t* least, std::int32_t* greatest,
                                       std::int32_t* present, Magnitudes& result) {
  if (least == nullptr) return repair_columns_of<false>(x, n, rows, out, least, greatest, present, result);
  return repair_columns_of<true>(x, n, rows, out, least, greatest, present, result);
}
XYLEM_MULTIVERSION bool repair_columns(const double* x, int n, int rows, double* out, std::int64_t* least, std::int64_t* greatest,
                                       std::int64_t* present, Magnitudes& result) {
  if (least == nullptr) return repair_columns_of<false>(x, n, rows, out, least, greatest, present, result);
  return repair_columns_of<true>(x, n, rows, out, least, greatest, present, result);
}

XYLEM_MULTIVERSION void widen_floats(const float* x, int n, double* out) {
  for (int i = 0; i < n; ++i) out[i] = x[i];
}

XYLEM_MULTIVERSION void integers_to_doubles(ElementType type, const void* values, int n, double* out, double* lower) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        using T = decltype(zero);
        const auto* x = static_cast<const T*>(values);
        if constexpr (sizeof(T) == 8) {
          if (lower != nullptr) {
            using High = std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>;
            for (int i = 0; i < n; ++i) {
              const auto bits = static_cast<std::uint64_t>(x[i]);
              out[i] = static_cast<double>(static_cast<High>(bits >> 32)) * 0x1p32;
              lower[i] = static_cast<double>(static_cast<std::uint32_t>(bits));
            }
            return;
          }
        }
        for (int i = 0; i < n; ++i) out[i] = static_cast<double>(x[i]);
      });
}

XYLEM_MULTIVERSION std::uint64_t scan_integers(ElementType type, const void* values, int n) {
  return with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        using T = decltype(zero);
        using U = std::make_unsigned_t<std::conditional_t<std::is_integral_v<T>, T, std::int64_t>>;
        std::uint64_t all = 0;
        if constexpr (std::is_integral_v<T>) {
          const auto* x = static_cast<const T*>(values);
          U bits = 0;
          for (int i = 0; i < n; ++i) bits |= x[i] < T{0} ? static_cast<U>(U{0} - static_cast<U>(x[i])) : static_cast<U>(x[i]);
          all = bits;
        }
        return all;
      });
}

}  // namespace xylem::detail
