#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "xylem/support/multiversion.hpp"

/// Integers in the order of the values: -0.0 below +0.0, NaN above all.
namespace xylem::detail {

template <class T>
using KeyOf =
    std::conditional_t<std::is_same_v<T, float>, std::int32_t, std::conditional_t<std::is_same_v<T, double>, std::int64_t, T>>;

/// Its own inverse for floats that are not missing.
template <class T>
XYLEM_INLINE KeyOf<T> turn_key(KeyOf<T> bits) {
  using Key = KeyOf<T>;
  if constexpr (std::is_floating_point_v<T>) {
    return bits ^ ((bits >> (8 * sizeof(Key) - 1)) & std::numeric_limits<Key>::max());
  } else {
    return bits;
  }
}

/// The key, or its opposite when `flip` is all ones; the greatest of all for missing elements.
template <class T>
XYLEM_INLINE KeyOf<T> key_of_element(T x, KeyOf<T> flip) {
  using Key = KeyOf<T>;
  if constexpr (std::is_floating_point_v<T>) {
    // With bit operations rather than comparisons of floats, which compilers do not always vectorize.
    constexpr Key infinity = __builtin_bit_cast(Key, std::numeric_limits<T>::infinity());
    const Key bits = __builtin_bit_cast(Key, x);
    const Key key = turn_key<T>(bits) ^ flip;
    const Key present = (bits & std::numeric_limits<Key>::max()) <= infinity ? ~Key{0} : Key{0};
    return (key & present) | (std::numeric_limits<Key>::max() & ~present);
  } else {
    return static_cast<Key>(x ^ flip);
  }
}

template <class T>
T element_of_key(KeyOf<T> key, KeyOf<T> flip) {
  return __builtin_bit_cast(T, turn_key<T>(static_cast<KeyOf<T>>(key ^ flip)));
}

}  // namespace xylem::detail
