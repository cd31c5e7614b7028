#include "detail/scan_integers.hpp"

// Scaled integers: value = double(packed) * scale_factor + add_offset grows (or falls) with the packed element, so that the
// packed minimum and maximum give the values' own, and every value is a multiple of the last bit of the factors. So nothing is
// scanned but the narrow packed elements.
namespace xylem::detail {
namespace {

template <Source source>
XYLEM_INLINE bool reduce(const TilePlan& plan, const std::byte* raw, int n, TileResult& result) {
  using S = ValueOf<source>;
  using Wide = std::conditional_t<std::is_signed_v<S>, std::int64_t, std::uint64_t>;
  const double scale_factor = plan.scale_factor;
  const double add_offset = plan.add_offset;
  IntegerTile<source> tile;
  tile.load(plan, raw, n);
  result.count = tile.count;
  if (tile.count == 0) return true;

  const bool falls = (__builtin_bit_cast(std::uint64_t, scale_factor) & sign_bit) != 0;
  const double min = static_cast<double>(static_cast<Wide>(falls ? tile.max : tile.min)) * scale_factor + add_offset;
  const double max = static_cast<double>(static_cast<Wide>(falls ? tile.min : tile.max)) * scale_factor + add_offset;
  result.min_key = key_of(min);
  result.max_key = key_of(max);
  const double largest = -min > max ? -min : max;
  if (!(largest <= std::numeric_limits<double>::max())) return false;
  if (largest == 0) return true;

  alignas(64) double x[1024];
  if (tile.masked) {
    using SignedBits = std::make_signed_t<BitsOf<source>>;  // all ones stay all ones when widened
    for (int i = 0; i < n; ++i) {
      const double value = static_cast<double>(tile.x[i]) * scale_factor + add_offset;
      const auto keep = static_cast<std::uint64_t>(std::int64_t{static_cast<SignedBits>(tile.valid[i])});
      x[i] = __builtin_bit_cast(double, __builtin_bit_cast(std::uint64_t, value) & keep);
    }
  } else {
    for (int i = 0; i < n; ++i) x[i] = static_cast<double>(tile.x[i]) * scale_factor + add_offset;
  }
  const auto exponent = static_cast<int>(__builtin_bit_cast(std::uint64_t, largest) >> 52) - 1023;
  extract_doubles(x, n, exponent + 1, plan.last_bit, result);
  return result.exact;
}

}  // namespace

XYLEM_MULTIVERSION bool reduce_scaled(const TilePlan& plan, const std::byte* raw, int n, TileResult& result) {
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
    case Source::float64: break;
  }
  return false;
}

}  // namespace xylem::detail
