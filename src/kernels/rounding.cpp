#include "detail/rounding.hpp"

#include <algorithm>
#include <cmath>

namespace xylem::detail {
namespace {

// Bits of a positive number.
int bit_length(const BigInt& value) { return static_cast<int>(msb(value)) + 1; }

// Rounds (magnitude + something in [0, 1)) * 2^exponent; `inexact` says that the something is not zero, and then the magnitude
// has more bits than a double.
double round_magnitude(const BigInt& magnitude, bool inexact, int exponent) {
  if (magnitude == 0) return 0;
  const int unit = std::max(exponent + bit_length(magnitude) - 53, -1074);  // exponent of the result's last bit
  const int shift = unit - exponent;
  if (shift <= 0) return std::ldexp(static_cast<double>(static_cast<std::uint64_t>(magnitude)), exponent);
  const auto half = static_cast<unsigned>(shift - 1);
  auto rounded = static_cast<std::uint64_t>(magnitude >> shift);
  const bool above_half = inexact || lsb(magnitude) < half;
  if (bit_test(magnitude, half) && (above_half || rounded % 2 == 1)) ++rounded;
  return std::ldexp(static_cast<double>(rounded), unit);
}

}  // namespace

BigInt to_integer(const ExactSum& sum) {
  BigInt result = 0;
  const auto limbs = sum.limbs();
  for (std::size_t i = limbs.size(); i-- > 0;) result = (result << 32) + limbs[i];
  return result;
}

double round_quotient(const BigInt& numerator, const BigInt& denominator, int exponent) {
  if (numerator == 0) return 0;
  const BigInt dividend = abs(numerator);
  const int shift = std::max(0, 64 - (bit_length(dividend) - bit_length(denominator)));
  BigInt quotient;
  BigInt remainder;
  divide_qr(BigInt(dividend << shift), denominator, quotient, remainder);
  const double result = round_magnitude(quotient, remainder != 0, exponent - shift);
  return numerator < 0 ? -result : result;
}

double round_root(const BigInt& square, const BigInt& denominator, int exponent) {
  if (square == 0) return 0;
  // floor(sqrt(a) / b) = isqrt(floor(a / b^2)); the shift leaves at least 63 bits in the root.
  const int shift = std::max(0, (129 + 2 * bit_length(denominator) - bit_length(square)) / 2);
  BigInt quotient;
  BigInt remainder;
  divide_qr(BigInt(square << (2 * shift)), BigInt(denominator * denominator), quotient, remainder);
  BigInt rest;
  const BigInt root = sqrt(quotient, rest);
  return round_magnitude(root, remainder != 0 || rest != 0, exponent - shift);
}

}  // namespace xylem::detail
