#include "detail/scan_integers.hpp"

namespace xylem::detail {
namespace {

// Sums of at most max_tile = 2^12 elements. No sum below can overflow: 8-bit elements have squares below 2^16 and sums of those
// below 2^28; 16-bit elements have sums below 2^28 and squares below 2^32; all others are summed in halves of 32 bits, below
// 2^44.

template <class S>
XYLEM_INLINE void sum_narrow(const S* x, int n, TileResult& result) {
  using Sum = std::conditional_t<std::is_signed_v<S>, std::int32_t, std::uint32_t>;
  using Squares = std::conditional_t<sizeof(S) == 1, std::uint32_t, std::uint64_t>;
  Sum sum = 0;
  for (int i = 0; i < n; ++i) sum += x[i];
  Squares squares = 0;
  for (int i = 0; i < n; ++i) {
    const auto magnitude = static_cast<std::uint32_t>(static_cast<std::int32_t>(x[i]));  // the square is right modulo 2^32
    squares += magnitude * magnitude;
  }
  result.sum[result.sum_terms++] = {static_cast<std::int64_t>(sum), 0};
  result.squares[result.square_terms++] = {static_cast<std::int64_t>(squares), 0};
}

template <class S>
XYLEM_INLINE void sum_32(const S* x, int n, TileResult& result) {
  std::int64_t sum = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  for (int i = 0; i < n; ++i) {
    const std::int64_t value = x[i];
    const std::uint64_t square = static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(value);
    sum += value;
    low += square & 0xffffffffU;
    high += square >> 32;
  }
  result.sum[result.sum_terms++] = {sum, 0};
  result.squares[result.square_terms++] = {static_cast<std::int64_t>(low), 0};
  result.squares[result.square_terms++] = {static_cast<std::int64_t>(high), 32};
}

// x = h 2^32 + l for the sum; (h 2^32 + l)^2 = h^2 2^64 + h l 2^33 + l^2 with |x| in place of x for the squares.
template <class S>
XYLEM_INLINE void sum_64(const S* x, int n, TileResult& result) {
  using High = std::conditional_t<std::is_signed_v<S>, std::int32_t, std::uint32_t>;
  std::uint64_t low = 0;
  std::int64_t high = 0;
  std::uint64_t ll_low = 0, ll_high = 0, hl_low = 0, hl_high = 0, hh_low = 0, hh_high = 0;
  for (int i = 0; i < n; ++i) {
    const auto bits = static_cast<std::uint64_t>(x[i]);
    low += bits & 0xffffffffU;
    high += static_cast<High>(bits >> 32);
    const std::uint64_t magnitude = x[i] < S{0} ? 0 - bits : bits;
    const std::uint64_t l = magnitude & 0xffffffffU;
    const std::uint64_t h = magnitude >> 32;
    const std::uint64_t ll = l * l;
    const std::uint64_t hl = h * l;
    const std::uint64_t hh = h * h;
    ll_low += ll & 0xffffffffU;
    ll_high += ll >> 32;
    hl_low += hl & 0xffffffffU;
    hl_high += hl >> 32;
    hh_low += hh & 0xffffffffU;
    hh_high += hh >> 32;
  }
  result.sum[result.sum_terms++] = {static_cast<std::int64_t>(low), 0};
  result.sum[result.sum_terms++] = {high, 32};
  const std::uint64_t squares[] = {ll_low, ll_high, hl_low, hl_high, hh_low, hh_high};
  const int exponents[] = {0, 32, 33, 65, 64, 96};
  for (int i = 0; i < 6; ++i) result.squares[i] = {static_cast<std::int64_t>(squares[i]), exponents[i]};
  result.square_terms = 6;
}

template <Source source>
XYLEM_INLINE void reduce(const TilePlan& plan, const std::byte* raw, int n, TileResult& result) {
  using S = ValueOf<source>;
  using Wide = std::conditional_t<std::is_signed_v<S>, std::int64_t, std::uint64_t>;
  IntegerTile<source> tile;
  tile.load(plan, raw, n);
  result.count = tile.count;
  result.min_key = key_of(static_cast<Wide>(tile.min));
  result.max_key = key_of(static_cast<Wide>(tile.max));
  if constexpr (sizeof(S) <= 2) {
    sum_narrow(tile.x, n, result);
  } else if constexpr (sizeof(S) == 4) {
    sum_32(tile.x, n, result);
  } else {
    sum_64(tile.x, n, result);
  }
}

}  // namespace

XYLEM_MULTIVERSION void reduce_integers(const TilePlan& plan, const std::byte* raw, int n, TileResult& result) {
  result.exact = true;
  result.positive_infinities = result.negative_infinities = 0;
  result.sum_terms = result.square_terms = 0;
  switch (plan.source) {
    case Source::boolean: return reduce<Source::boolean>(plan, raw, n, result);
    case Source::int8: return reduce<Source::int8>(plan, raw, n, result);
    case Source::int16: return reduce<Source::int16>(plan, raw, n, result);
    case Source::int32: return reduce<Source::int32>(plan, raw, n, result);
    case Source::int64: return reduce<Source::int64>(plan, raw, n, result);
    case Source::uint8: return reduce<Source::uint8>(plan, raw, n, result);
    case Source::uint16: return reduce<Source::uint16>(plan, raw, n, result);
    case Source::uint32: return reduce<Source::uint32>(plan, raw, n, result);
    case Source::uint64: return reduce<Source::uint64>(plan, raw, n, result);
    case Source::float16:
    case Source::float32:
    case Source::float64: return;
  }
}

}  // namespace xylem::detail
