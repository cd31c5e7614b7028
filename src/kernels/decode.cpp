#include <limits>

#include "detail/load.hpp"
#include "detail/tile.hpp"

namespace xylem::detail {
namespace {

// Masks are applied in passes over a tile in the L1 cache, one for each missing value: every pass vectorizes.

// Sets x[i] to NaN where packed[i] is missing. P: V or an integer.
template <class V, class P, class M>
XYLEM_INLINE void apply(const Mask<M>& mask, const P* packed, int n, V* x) {
  constexpr V nan = std::numeric_limits<V>::quiet_NaN();
  for (std::size_t m = 0; m < mask.missing.size(); ++m) {
    const P missing = static_cast<P>(mask.missing[m]);
    for (int i = 0; i < n; ++i) x[i] = packed[i] == missing ? nan : x[i];
  }
  if (mask.bounded) {
    const P min = static_cast<P>(mask.min);
    const P max = static_cast<P>(mask.max);
    for (int i = 0; i < n; ++i) x[i] = ((packed[i] >= min) & (packed[i] <= max)) ? x[i] : nan;
  }
}

template <Source source, class V>
XYLEM_INLINE void decode(const TilePlan& plan, const std::byte* raw, int n, V* x) {
  constexpr bool integer_range = std::is_integral_v<ValueOf<source>>;
  const double scale_factor = plan.scale_factor;
  const double add_offset = plan.add_offset;
  if (integer_range && std::is_same_v<V, double> && plan.scaled) {
    load_values<source>(
        raw, n, plan.swap,
        x, [=](V value) __attribute__((always_inline)) { return static_cast<V>(value * scale_factor + add_offset); });
  } else {
    load_values<source>(raw, n, plan.swap, x);
  }
  if constexpr (!integer_range) {
    apply(plan.reals, x, n, x);
    if constexpr (std::is_same_v<V, double>) {
      if (plan.scaled) {
        for (int i = 0; i < n; ++i) x[i] = x[i] * scale_factor + add_offset;
        apply(plan.unpacked, x, n, x);
      }
    }
  } else if (!plan.integers.empty()) {
    // Integers are compared as integers, which a double may not hold.
    alignas(64) ValueOf<source> packed[max_tile];
    load_values<source>(raw, n, plan.swap, packed);
    apply(plan.integers, packed, n, x);
  }
}

}  // namespace

XYLEM_MULTIVERSION void decode_floats(const TilePlan& plan, const std::byte* raw, int n, float* x) {
  switch (plan.source) {
    case Source::boolean: return decode<Source::boolean>(plan, raw, n, x);
    case Source::int8: return decode<Source::int8>(plan, raw, n, x);
    case Source::int16: return decode<Source::int16>(plan, raw, n, x);
    case Source::uint8: return decode<Source::uint8>(plan, raw, n, x);
    case Source::uint16: return decode<Source::uint16>(plan, raw, n, x);
    case Source::float16: return decode<Source::float16>(plan, raw, n, x);
    default: return decode<Source::float32>(plan, raw, n, x);
  }
}

XYLEM_MULTIVERSION void decode_doubles(const TilePlan& plan, const std::byte* raw, int n, double* x) {
  switch (plan.source) {
    case Source::boolean: return decode<Source::boolean>(plan, raw, n, x);
    case Source::int8: return decode<Source::int8>(plan, raw, n, x);
    case Source::int16: return decode<Source::int16>(plan, raw, n, x);
    case Source::int32: return decode<Source::int32>(plan, raw, n, x);
    case Source::int64: return decode<Source::int64>(plan, raw, n, x);
    case Source::uint8: return decode<Source::uint8>(plan, raw, n, x);
    case Source::uint16: return decode<Source::uint16>(plan, raw, n, x);
    case Source::uint32: return decode<Source::uint32>(plan, raw, n, x);
    case Source::uint64: return decode<Source::uint64>(plan, raw, n, x);
    case Source::float16: return decode<Source::float16>(plan, raw, n, x);
    case Source::float32: return decode<Source::float32>(plan, raw, n, x);
    case Source::float64: return decode<Source::float64>(plan, raw, n, x);
  }
}

XYLEM_MULTIVERSION void decode_integers(const TilePlan& plan, const std::byte* raw, int n, void* x) {
  switch (plan.source) {
    case Source::boolean: return load_values<Source::boolean>(raw, n, false, static_cast<std::uint8_t*>(x));
    case Source::int16:
    case Source::uint16: return load_values<Source::uint16>(raw, n, plan.swap, static_cast<std::uint16_t*>(x));
    case Source::int32:
    case Source::uint32: return load_values<Source::uint32>(raw, n, plan.swap, static_cast<std::uint32_t*>(x));
    case Source::int64:
    case Source::uint64: return load_values<Source::uint64>(raw, n, plan.swap, static_cast<std::uint64_t*>(x));
    default: return load_values<Source::uint8>(raw, n, false, static_cast<std::uint8_t*>(x));
  }
}

}  // namespace xylem::detail
