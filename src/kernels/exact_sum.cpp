#include "xylem/kernels/exact_sum.hpp"

#include <algorithm>
#include <bit>

#include "xylem/support/contract.hpp"

#include "detail/rounding.hpp"

namespace xylem {
namespace {

constexpr std::uint64_t digit_mask = 0xffffffffU;

// A limb grows by less than 2^33 in one addition, so that this many leave it below 2^62.
constexpr std::uint32_t max_pending = std::uint32_t{1} << 28;

// The 64 bits that let 2^63 numbers and their sign in, and two limbs more that the last number's bits may reach into.
std::size_t limb_count(ExactSum::Range range) { return static_cast<std::size_t>((range.max - range.min + 64) / 32 + 2); }

// A finite double as an integer times a power of two.
struct Parts {
  std::uint64_t mantissa;
  int exponent;
  bool negative;
};

Parts split(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto field = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (field == 0) return {fraction, -1074, bits >> 63 != 0};
  return {fraction | std::uint64_t{1} << 52, field - 1075, bits >> 63 != 0};
}

}  // namespace

ExactSum::ExactSum(Range range) : min_exponent_(range.min), limbs_(limb_count(range)) {}

void ExactSum::add_magnitude(std::uint64_t magnitude, int exponent, bool negative) {
  if (magnitude == 0) return;
  int position = exponent - min_exponent_;
  if (position < 0) {
    XYLEM_EXPECT(std::countr_zero(magnitude) >= -position, "no bits below the range of an exact sum");
    magnitude >>= -position;
    position = 0;
  }
  const auto limb = static_cast<std::size_t>(position) / 32;
  const int shift = position % 32;
  XYLEM_EXPECT(limb + 2 < limbs_.size(), "a number in the range of an exact sum");
  const std::uint64_t low = (magnitude & digit_mask) << shift;
  const std::uint64_t high = (magnitude >> 32) << shift;
  const auto sign = negative ? std::int64_t{-1} : std::int64_t{1};
  limbs_[limb] += sign * static_cast<std::int64_t>(low & digit_mask);
  limbs_[limb + 1] += sign * static_cast<std::int64_t>((low >> 32) + (high & digit_mask));
  limbs_[limb + 2] += sign * static_cast<std::int64_t>(high >> 32);
  if (++pending_ == max_pending) normalize();
}

void ExactSum::add(std::int64_t units, int exponent) {
  const auto bits = static_cast<std::uint64_t>(units);
  add_magnitude(units < 0 ? 0 - bits : bits, exponent, units < 0);
}

void ExactSum::add(double x) {
  const Parts parts = split(x);
  add_magnitude(parts.mantissa, parts.exponent, parts.negative);
}

void ExactSum::add_square(double x) {
  // (h 2^32 + l)^2 = h^2 2^64 + h l 2^33 + l^2 with h < 2^21 and l < 2^32.
  const Parts parts = split(x);
  const std::uint64_t high = parts.mantissa >> 32;
  const std::uint64_t low = parts.mantissa & digit_mask;
  add_magnitude(low * low, 2 * parts.exponent, false);
  add_magnitude(high * low, 2 * parts.exponent + 33, false);
  add_magnitude(high * high, 2 * parts.exponent + 64, false);
}

void ExactSum::add_multiple(const ExactSum& other, std::uint64_t times) {
  XYLEM_EXPECT(min_exponent_ == other.min_exponent_ && limbs_.size() == other.limbs_.size(), "exact sums of one range");
  ExactSum one = other;
  one.normalize();
  // The last limb takes the place of a sign only: what it holds is small, or the sum would be out of range.
  const bool negative = one.limbs_.back() < 0;
  if (negative) {
    for (std::int64_t& limb : one.limbs_) limb = -limb;
    one.normalize();
  }
  for (std::size_t i = 0; i < one.limbs_.size(); ++i) {
    const auto digit = static_cast<std::uint64_t>(one.limbs_[i]);
    const int exponent = min_exponent_ + 32 * static_cast<int>(i);
    add_magnitude(digit * (times & digit_mask), exponent, negative);
    add_magnitude(digit * (times >> 32), exponent + 32, negative);
  }
}

void ExactSum::normalize() {
  std::int64_t carry = 0;
  for (std::size_t i = 0; i + 1 < limbs_.size(); ++i) {
    const std::int64_t limb = limbs_[i] + carry;
    carry = limb >> 32;
    limbs_[i] = limb & static_cast<std::int64_t>(digit_mask);
  }
  limbs_.back() += carry;
  pending_ = 0;
}

void ExactSum::add_limbs(std::span<const std::int64_t> limbs) {
  XYLEM_EXPECT(limbs.size() == limbs_.size(), "exact sums of one range");
  normalize();
  for (std::size_t i = 0; i < limbs_.size(); ++i) limbs_[i] += limbs[i];
  normalize();
}

double ExactSum::round() const { return detail::round_quotient(detail::to_integer(*this), 1, min_exponent_); }

}  // namespace xylem
