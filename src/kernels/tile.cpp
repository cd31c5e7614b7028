#include "detail/tile.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <variant>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {
namespace {

Source source_of(const DType& dtype) {
  const auto sized = [&](Source one, Source two, Source four, Source eight) {
    return dtype.size == 1 ? one : dtype.size == 2 ? two : dtype.size == 4 ? four : eight;
  };
  switch (dtype.type_class) {
    case TypeClass::boolean: return Source::boolean;
    case TypeClass::integer: return sized(Source::int8, Source::int16, Source::int32, Source::int64);
    case TypeClass::uinteger: return sized(Source::uint8, Source::uint16, Source::uint32, Source::uint64);
    default: return sized(Source::float16, Source::float16, Source::float32, Source::float64);
  }
}

double as_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}
std::int64_t as_bits(const Number& number) {
  return std::visit([](auto value) { return static_cast<std::int64_t>(value); }, number);
}

template <class T, class Convert>
Mask<T> mask_of(const CfDecoding& decoding, T least, T greatest, Convert convert) {
  Mask<T> mask;
  for (const Number& number : decoding.missing) mask.missing.push_back(convert(number));
  mask.bounded = decoding.valid_min || decoding.valid_max;
  mask.min = decoding.valid_min ? convert(*decoding.valid_min) : least;
  mask.max = decoding.valid_max ? convert(*decoding.valid_max) : greatest;
  return mask;
}

// The exponent of a number's last bit; large for zero.
int last_bit_of(double x) {
  if (x == 0) return std::numeric_limits<int>::max();
  const int unit = std::max(std::ilogb(x), -1022) - 52;
  return unit + std::countr_zero(static_cast<std::uint64_t>(std::ldexp(std::fabs(x), -unit)));
}

// The least key in [low, high] from which on `holds` is true; nothing when it is true for none.
template <class Predicate>
std::optional<std::uint64_t> first_key(std::uint64_t low, std::uint64_t high, Predicate holds) {
  if (!holds(high)) return std::nullopt;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Bounds on values, which grow or fall with the packed integers, become bounds on packed integers.
void mask_integers(TilePlan& plan, const DType& packed, const CfDecoding& decoding) {
  const bool is_signed = packed.type_class == TypeClass::integer;
  const auto unused = static_cast<unsigned>(64 - 8 * packed.size);
  const std::uint64_t greatest = ~std::uint64_t{0} >> (unused + (is_signed ? 1 : 0));
  const std::uint64_t least = is_signed ? ~greatest : 0;
  plan.integers = mask_of(decoding, static_cast<std::int64_t>(least), static_cast<std::int64_t>(greatest), as_bits);
  if (!decoding.unpacked_min && !decoding.unpacked_max) return;

  const std::uint64_t flip = is_signed ? sign_bit : 0;  // between a key and the bits of an integer
  const auto value = [&](std::uint64_t key) {
    const std::uint64_t bits = key ^ flip;
    const double x = is_signed ? static_cast<double>(static_cast<std::int64_t>(bits)) : static_cast<double>(bits);
    return x * plan.scale_factor + plan.add_offset;
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double min = decoding.unpacked_min.value_or(-infinity);
  const double max = decoding.unpacked_max.value_or(infinity);
  const bool falls = std::signbit(plan.scale_factor);
  std::uint64_t low = static_cast<std::uint64_t>(plan.integers.min) ^ flip;
  std::uint64_t high = static_cast<std::uint64_t>(plan.integers.max) ^ flip;
  const auto first = [&](auto holds) { return low <= high ? first_key(low, high, holds) : std::nullopt; };
  const auto begin = first([&](std::uint64_t key) { return falls ? value(key) <= max : value(key) >= min; });
  const auto end = first([&](std::uint64_t key) { return falls ? value(key) < min : value(key) > max; });
  plan.integers.bounded = true;
  if (!begin || (end && *end <= *begin)) {
    low = greatest ^ flip;
    high = least ^ flip;
  } else {
    low = *begin;
    if (end) high = *end - 1;
  }
  plan.integers.min = static_cast<std::int64_t>(low ^ flip);
  plan.integers.max = static_cast<std::int64_t>(high ^ flip);
}

}  // namespace

TilePlan::TilePlan(const DType& stored, const CfDecoding& decoding) {
  if (!stored.is_numeric()) {
    throw UsageError("statistics of type {} are not possible (only numbers have them); choose a numeric dataset", stored.name());
  }
  const DType packed = packed_dtype(stored, decoding);
  source = source_of(packed);
  size = packed.size;
  swap = packed.size > 1 && packed.big_endian != (std::endian::native == std::endian::big);
  scaled = decoding.scaled;
  scale_factor = decoding.scale_factor;
  add_offset = decoding.add_offset;
  XYLEM_EXPECT(std::isfinite(scale_factor) && std::isfinite(add_offset), "a finite scale and offset");
  // Tiles fill 8 KiB or so; the bounds of the kernels' sums hold for these counts.
  if (packed.is_integral()) {
    kernel = scaled ? Kernel::scaled : Kernel::integers;
    tile = scaled ? 1024 : max_tile;
    mask_integers(*this, packed, decoding);
    last_bit = std::min(last_bit_of(scale_factor), last_bit_of(add_offset));
    return;
  }
  kernel = packed.size <= 4 && !scaled ? Kernel::floats : Kernel::doubles;
  tile = kernel == Kernel::floats ? 2048 : 1024;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  reals = mask_of(decoding, -infinity, infinity, as_double);
  unpacked.bounded = decoding.unpacked_min || decoding.unpacked_max;
  unpacked.min = decoding.unpacked_min.value_or(-infinity);
  unpacked.max = decoding.unpacked_max.value_or(infinity);
}

void reduce_tile(const TilePlan& plan, const std::byte* raw, int n, TileResult& result) {
  switch (plan.kernel) {
    case TilePlan::Kernel::integers: return reduce_integers(plan, raw, n, result);
    case TilePlan::Kernel::floats: {
      alignas(64) float x[2048];
      decode_floats(plan, raw, n, x);
      return reduce_floats(x, n, result);
    }
    case TilePlan::Kernel::scaled:
      if (reduce_scaled(plan, raw, n, result)) return;
      break;
    case TilePlan::Kernel::doubles: break;
  }
  alignas(64) double x[1024];
  decode_doubles(plan, raw, n, x);
  reduce_doubles(x, n, result);
}

}  // namespace xylem::detail
