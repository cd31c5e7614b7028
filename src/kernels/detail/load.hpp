#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "xylem/support/multiversion.hpp"

#include "detail/tile.hpp"

/// Stored bytes to numbers, for use inside multiversioned kernels.
namespace xylem::detail {

template <Source source>
struct SourceTraits;
#define XYLEM_SOURCE(name, bits, value) \
  template <>                           \
  struct SourceTraits<Source::name> {   \
    using Bits = bits;                  \
    using Value = value;                \
  }
XYLEM_SOURCE(boolean, std::uint8_t, std::uint8_t);
XYLEM_SOURCE(int8, std::uint8_t, std::int8_t);
XYLEM_SOURCE(int16, std::uint16_t, std::int16_t);
XYLEM_SOURCE(int32, std::uint32_t, std::int32_t);
XYLEM_SOURCE(int64, std::uint64_t, std::int64_t);
XYLEM_SOURCE(uint8, std::uint8_t, std::uint8_t);
XYLEM_SOURCE(uint16, std::uint16_t, std::uint16_t);
XYLEM_SOURCE(uint32, std::uint32_t, std::uint32_t);
XYLEM_SOURCE(uint64, std::uint64_t, std::uint64_t);
XYLEM_SOURCE(float16, std::uint16_t, float);
XYLEM_SOURCE(float32, std::uint32_t, float);
XYLEM_SOURCE(float64, std::uint64_t, double);
#undef XYLEM_SOURCE

template <Source source>
using BitsOf = typename SourceTraits<source>::Bits;
template <Source source>
using ValueOf = typename SourceTraits<source>::Value;

/// Element i of a run of any alignment, in native byte order. `swap` is a constant, so that loops vectorize.
template <class Bits, bool swap>
XYLEM_INLINE Bits load(const std::byte* raw, int i) {
  Bits bits;
  std::memcpy(&bits, raw + static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(sizeof(Bits)), sizeof(Bits));
  if constexpr (swap && sizeof(Bits) == 2) bits = __builtin_bswap16(bits);
  if constexpr (swap && sizeof(Bits) == 4) bits = __builtin_bswap32(bits);
  if constexpr (swap && sizeof(Bits) == 8) bits = __builtin_bswap64(bits);
  return bits;
}

/// The number that native bits stand for; float16 is widened.
template <Source source>
XYLEM_INLINE ValueOf<source> element(BitsOf<source> bits) {
  if constexpr (source == Source::boolean) {
    return bits != 0 ? 1 : 0;
  } else if constexpr (source == Source::float16) {
    // The bits moved into a float32 stand for the number times 2^-112 (subnormals too); Inf and NaN then need the float32
    // exponent.
    const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7fffU) << 13;
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const auto finite = __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112F);
    const std::uint32_t special = magnitude | 0x7f800000U;
    return __builtin_bit_cast(float, (magnitude >= 0x0f800000U ? special : finite) | sign);
  } else {
    return __builtin_bit_cast(ValueOf<source>, bits);
  }
}

/// x[i] = made(V(the number that element i stands for))
template <Source source, class V, class F>
XYLEM_INLINE void load_values(const std::byte* raw, int n, bool swap, V* x, F made) {
  using Bits = BitsOf<source>;
  if (swap) {
    for (int i = 0; i < n; ++i) x[i] = made(static_cast<V>(element<source>(load<Bits, true>(raw, i))));
  } else {
    for (int i = 0; i < n; ++i) x[i] = made(static_cast<V>(element<source>(load<Bits, false>(raw, i))));
  }
}
template <Source source, class V>
XYLEM_INLINE void load_values(const std::byte* raw, int n, bool swap, V* x) {
  load_values<source>(
      raw, n, swap, x, [](V value) __attribute__((always_inline)) { return value; });
}

}  // namespace xylem::detail
