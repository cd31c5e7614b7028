#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "detail/rounding.hpp"

/// Exact results rounded once: by doubles of twice the length where these prove the rounding, else by integers of any size.
namespace xylem::detail {

/// Integers of up to 512 bits, without allocation. The caller knows that they suffice.
using FixedInt =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<512, 512, boost::multiprecision::signed_magnitude,
                                                                         boost::multiprecision::unchecked, void>,
                                  boost::multiprecision::et_off>;

/// units * 2^exponent; Int is FixedInt or BigInt.
template <class Int>
struct Scaled {
  Int units{};
  int exponent = 0;
};

template <class Int>
Scaled<Int> operator*(const Scaled<Int>& a, const Scaled<Int>& b) {
  return {Int(a.units * b.units), a.exponent + b.exponent};
}

template <class Int>
Scaled<Int> operator-(const Scaled<Int>& a, const Scaled<Int>& b) {
  const int exponent = std::min(a.exponent, b.exponent);
  return {Int(Int(a.units << (a.exponent - exponent)) - Int(b.units << (b.exponent - exponent))), exponent};
}

/// numerator / denominator, which is positive.
template <class Int>
double quotient(const Scaled<Int>& numerator, const Scaled<Int>& denominator);
/// sqrt(numerator / denominator); neither is negative, the denominator positive.
template <class Int>
double root(const Scaled<Int>& numerator, const Scaled<Int>& denominator);
/// covariance / sqrt(x * y), both positive
template <class Int>
double correlation(const Scaled<Int>& covariance, const Scaled<Int>& x, const Scaled<Int>& y);

/// A sum of 128 bits at most, or its quotient by a positive number, times 2^exponent.
__extension__ using Int128 = __int128;
double round_sum(Int128 units, int exponent);
double round_mean(Int128 units, std::int64_t count, int exponent);

}  // namespace xylem::detail
