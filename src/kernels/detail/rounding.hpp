#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "xylem/kernels/exact_sum.hpp"

namespace xylem::detail {

using BigInt = boost::multiprecision::cpp_int;

/// The sum in units of 2^min_exponent.
BigInt to_integer(const ExactSum& sum);

/// numerator / denominator * 2^exponent, rounded once to nearest (ties to even); infinite on overflow, +0.0 for zero.
/// The denominator is positive.
double round_quotient(const BigInt& numerator, const BigInt& denominator, int exponent);

/// sqrt(square) / denominator * 2^exponent, rounded once to nearest. Neither number is negative, the denominator positive.
double round_root(const BigInt& square, const BigInt& denominator, int exponent);

}  // namespace xylem::detail
