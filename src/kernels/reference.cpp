#include "xylem/kernels/reference.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <bit>
#include <cmath>
#include <limits>

namespace xylem {
namespace {

using BigInt = boost::multiprecision::cpp_int;

// The stored bytes of one element as an unsigned integer.
std::uint64_t read_bits(const DType& dtype, const std::byte* element) {
  std::uint64_t bits = 0;
  for (int i = 0; i < dtype.size; ++i)
    bits = bits << 8 | std::to_integer<std::uint64_t>(element[dtype.big_endian ? i : dtype.size - 1 - i]);
  return bits;
}

double half_to_double(std::uint64_t bits) {
  const auto fraction = static_cast<double>(bits & 0x3ff);
  const auto exponent = static_cast<int>(bits >> 10 & 0x1f);
  double magnitude = 0;
  if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else if (exponent < 31) {
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  } else {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

// The packed element: int64, uint64 or double.
Number read_packed(const DType& stored, const CfDecoding& decoding, const std::byte* element) {
  const DType dtype = packed_dtype(stored, decoding);
  const std::uint64_t bits = read_bits(dtype, element);
  switch (dtype.type_class) {
    case TypeClass::boolean: return static_cast<std::uint64_t>(bits != 0 ? 1 : 0);
    case TypeClass::uinteger: return bits;
    case TypeClass::integer:
      if (dtype.size == 1) return std::int64_t{static_cast<std::int8_t>(bits)};
      if (dtype.size == 2) return std::int64_t{static_cast<std::int16_t>(bits)};
      if (dtype.size == 4) return std::int64_t{static_cast<std::int32_t>(bits)};
      return static_cast<std::int64_t>(bits);
    default:
      if (dtype.size == 2) return half_to_double(bits);
      if (dtype.size == 4) return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
      return std::bit_cast<double>(bits);
  }
}

// The value of a packed element; nothing when it is missing.
std::optional<Number> decode(const CfDecoding& decoding, const Number& packed) {
  for (const Number& missing : decoding.missing) {
    if (packed == missing) return std::nullopt;
  }
  if (decoding.valid_min && packed < *decoding.valid_min) return std::nullopt;
  if (decoding.valid_max && packed > *decoding.valid_max) return std::nullopt;
  Number value = packed;
  if (decoding.scaled) {
    const double wide = std::visit([](auto number) { return static_cast<double>(number); }, packed);
    const double product = wide * decoding.scale_factor;
    const double x = product + decoding.add_offset;
    if (decoding.unpacked_min && x < *decoding.unpacked_min) return std::nullopt;
    if (decoding.unpacked_max && x > *decoding.unpacked_max) return std::nullopt;
    value = x;
  }
  const auto* real = std::get_if<double>(&value);
  if (real != nullptr && std::isnan(*real)) return std::nullopt;
  return value;
}

// A finite double in units of 2^-1075, half of the least subnormal; infinity stands for 2^1024.
BigInt half_units(double x) {
  if (std::isinf(x)) return BigInt(x > 0 ? 1 : -1) << (1024 + 1075);
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  const int shift = exponent - 53 + 1075;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  return shift >= 0 ? BigInt(mantissa) << shift : BigInt(mantissa >> -shift);
}

BigInt half_units(const Number& number) {
  if (const auto* real = std::get_if<double>(&number)) return half_units(*real);
  const BigInt integer = std::visit([](auto value) { return BigInt(value); }, number);
  return integer << 1075;
}

// The double nearest to a number that is not negative: the middle of the doubles below and above decides, and on a tie the even
// one is taken. exceeds(q) tells whether the number is above (> 0), at (0) or below (< 0) q, given in units of 2^-1075.
template <class Compare>
double nearest(Compare exceeds) {
  std::uint64_t low = 0;
  std::uint64_t high = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity());
  while (high - low > 1) {
    const std::uint64_t middle = (low + high) / 2;
    (exceeds(half_units(std::bit_cast<double>(middle))) >= 0 ? low : high) = middle;
  }
  const BigInt middle = (half_units(std::bit_cast<double>(low)) + half_units(std::bit_cast<double>(high))) / 2;
  const int side = exceeds(middle);
  const bool up = side > 0 || (side == 0 && low % 2 == 1);
  return std::bit_cast<double>(up ? high : low);
}

// numerator / denominator, in units of 2^-1075
double nearest_quotient(const BigInt& numerator, const BigInt& denominator) {
  const BigInt magnitude = abs(numerator);
  const double result = nearest([&](const BigInt& q) { return magnitude.compare(q * denominator); });
  return numerator < 0 ? -result : result;
}

// -0.0 is below +0.0
bool is_below(const Number& a, const Number& b) {
  const auto* x = std::get_if<double>(&a);
  if (x != nullptr && *x == 0 && std::get<double>(b) == 0) return std::signbit(*x) && !std::signbit(std::get<double>(b));
  return a < b;
}

}  // namespace

Stats reference_stats(const DType& stored, const CfDecoding& decoding, const std::byte* raw, std::int64_t n) {
  Stats stats;
  stats.integral = stored.is_integral() && !decoding.scaled;
  BigInt sum = 0;
  BigInt squares = 0;
  bool positive_infinity = false;
  bool negative_infinity = false;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto value = decode(decoding, read_packed(stored, decoding, raw + i * stored.size));
    if (!value) {
      ++stats.missing;
      continue;
    }
    ++stats.count;
    if (!stats.min || is_below(*value, *stats.min)) stats.min = value;
    if (!stats.max || is_below(*stats.max, *value)) stats.max = value;
    const auto* real = std::get_if<double>(&*value);
    if (real != nullptr && std::isinf(*real)) {
      (*real > 0 ? positive_infinity : negative_infinity) = true;
      continue;
    }
    const BigInt x = half_units(*value);
    sum += x;
    squares += x * x;
  }
  if (stats.integral) stats.integer_sum = BigInt(sum >> 1075).str();
  if (stats.count == 0) return stats;
  if (positive_infinity || negative_infinity) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    stats.sum = (positive_infinity ? infinity : 0) + (negative_infinity ? -infinity : 0);
    stats.mean = stats.sum;
    return stats;
  }
  const BigInt count = stats.count;
  const BigInt variance = count * squares - sum * sum;  // times count^2
  stats.sum = nearest_quotient(sum, 1);
  stats.mean = nearest_quotient(sum, count);
  stats.std = nearest([&](const BigInt& q) { return variance.compare(BigInt(q * q * count * count)); });
  return stats;
}

}  // namespace xylem
