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

template <class V>
XYLEM_INLINE bool finite_reals(const V* x, int n, V* out) {
  using Bits = BitsOf<V>;
  constexpr Bits mask = std::numeric_limits<Bits>::max() >> 1;
  constexpr Bits infinity = __builtin_bit_cast(Bits, std::numeric_limits<V>::infinity());
  Bits infinite = 0;
  for (int i = 0; i < n; ++i) {
    const Bits bits = __builtin_bit_cast(Bits, x[i]);
    const Bits magnitude = bits & mask;
    infinite |= magnitude == infinity ? Bits{1} : Bits{0};
    const Bits kept = magnitude < infinity ? ~Bits{0} : Bits{0};
    out[i] = __builtin_bit_cast(V, bits & kept);
  }
  return infinite != 0;
}

}  // namespace

XYLEM_MULTIVERSION void scan_floats(const float* x, int n, bool extremes, Magnitudes& result) {
  scan_reals(x, n, extremes, result);
}
XYLEM_MULTIVERSION void scan_doubles(const double* x, int n, bool extremes, Magnitudes& result) {
  scan_reals(x, n, extremes, result);
}
XYLEM_MULTIVERSION bool finite_floats(const float* x, int n, float* out) { return finite_reals(x, n, out); }
XYLEM_MULTIVERSION bool finite_doubles(const double* x, int n, double* out) { return finite_reals(x, n, out); }

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
