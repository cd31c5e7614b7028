#include "detail/rational.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>

namespace xylem::detail {
namespace {

__extension__ using Wide = unsigned __int128;

// (high + low) * 2^exponent, with high in [1/2, 1] or so and an error of 2^-100 at most.
struct Pair {
  double high;
  double low;
  int exponent;
};

Pair sum_of(double a, double b, int exponent) {
  const double high = a + b;
  return {high, b - (high - a), exponent};
}

// Of a positive number.
template <class Int>
Pair leading(const Scaled<Int>& number) {
  const int length = static_cast<int>(msb(number.units)) + 1;
  const int shift = length - 106;
  const Int top = shift > 0 ? Int(number.units >> shift) : Int(number.units << -shift);
  const auto low = static_cast<std::uint64_t>(Int(top & ((std::uint64_t{1} << 53) - 1)));
  const auto high = static_cast<std::uint64_t>(Int(top >> 53));
  return sum_of(std::ldexp(static_cast<double>(high), -53), std::ldexp(static_cast<double>(low), -106), number.exponent + length);
}

Pair divide(const Pair& a, const Pair& b) {
  const double q = a.high / b.high;
  const double rest = std::fma(-q, b.high, a.high) + (a.low - q * b.low);
  return sum_of(q, rest / b.high, a.exponent - b.exponent);
}

Pair multiply(const Pair& a, const Pair& b) {
  const double p = a.high * b.high;
  return sum_of(p, std::fma(a.high, b.high, -p) + (a.high * b.low + a.low * b.high), a.exponent + b.exponent);
}

Pair square_root(Pair a) {
  if (a.exponent % 2 != 0) a = {2 * a.high, 2 * a.low, a.exponent - 1};
  const double s = std::sqrt(a.high);
  const double rest = std::fma(-s, s, a.high) + a.low;
  return sum_of(s, rest / (2 * s), a.exponent / 2);
}

// The pair rounded once, if its error cannot matter: no middle of two doubles is near, and the result is a normal double.
std::optional<double> certain(const Pair& a) {
  constexpr double error = 0x1p-94;
  if (a.high + (a.low + error) != a.high || a.high + (a.low - error) != a.high) return std::nullopt;
  if (a.exponent < -1000 || a.exponent > 1000) return std::nullopt;
  return std::ldexp(a.high, a.exponent);
}

int bit_length(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<std::uint64_t>(value));
}

}  // namespace

template <class Int>
double quotient(const Scaled<Int>& numerator, const Scaled<Int>& denominator) {
  if (numerator.units == 0) return 0;
  const bool negative = numerator.units < 0;
  const Scaled<Int> magnitude{negative ? Int(-numerator.units) : numerator.units, numerator.exponent};
  if (const auto result = certain(divide(leading(magnitude), leading(denominator)))) return negative ? -*result : *result;
  return round_quotient(BigInt(numerator.units), BigInt(denominator.units), numerator.exponent - denominator.exponent);
}

template <class Int>
double root(const Scaled<Int>& numerator, const Scaled<Int>& denominator) {
  if (numerator.units == 0) return 0;
  if (const auto result = certain(square_root(divide(leading(numerator), leading(denominator))))) return *result;
  const BigInt below = BigInt(denominator.units);
  BigInt square = BigInt(numerator.units) * below;  // sqrt(a / b) = sqrt(a b) / b
  int exponent = numerator.exponent - denominator.exponent;
  if (exponent % 2 != 0) {
    square <<= 1;
    --exponent;
  }
  return round_root(square, below, exponent / 2);
}

template <class Int>
double correlation(const Scaled<Int>& covariance, const Scaled<Int>& x, const Scaled<Int>& y) {
  if (covariance.units == 0) return 0;
  const bool negative = covariance.units < 0;
  const Scaled<Int> magnitude{negative ? Int(-covariance.units) : covariance.units, covariance.exponent};
  std::optional<double> result = certain(divide(leading(magnitude), square_root(multiply(leading(x), leading(y)))));
  if (!result) {
    const Scaled<BigInt> wide{BigInt(magnitude.units), magnitude.exponent};
    result = root(wide * wide, Scaled<BigInt>{BigInt(x.units), x.exponent} * Scaled<BigInt>{BigInt(y.units), y.exponent});
  }
  return negative ? -*result : *result;
}

template double quotient(const Scaled<FixedInt>&, const Scaled<FixedInt>&);
template double quotient(const Scaled<BigInt>&, const Scaled<BigInt>&);
template double root(const Scaled<FixedInt>&, const Scaled<FixedInt>&);
template double root(const Scaled<BigInt>&, const Scaled<BigInt>&);
template double correlation(const Scaled<FixedInt>&, const Scaled<FixedInt>&, const Scaled<FixedInt>&);
template double correlation(const Scaled<BigInt>&, const Scaled<BigInt>&, const Scaled<BigInt>&);

double round_sum(Int128 units, int exponent) { return round_mean(units, 1, exponent); }

double round_mean(Int128 units, std::int64_t count, int exponent) {
  if (units == 0) return 0;
  const bool negative = units < 0;
  const Wide magnitude = negative ? 0 - static_cast<Wide>(units) : static_cast<Wide>(units);
  const int shift = 127 - bit_length(magnitude);
  const Wide shifted = magnitude << shift;
  const Wide divisor = static_cast<Wide>(count);
  const Wide quotient = shifted / divisor;
  // At least 64 bits, the last of which tells that something is left.
  const double rounded = static_cast<double>(quotient | (quotient * divisor != shifted ? 1 : 0));
  const int length = bit_length(quotient);
  if (length + exponent - shift < -1000) {
    return round_quotient(BigInt(units), BigInt(count), exponent);  // perhaps subnormal, and rounded twice here
  }
  const double result = std::ldexp(rounded, exponent - shift);
  return negative ? -result : result;
}

}  // namespace xylem::detail
