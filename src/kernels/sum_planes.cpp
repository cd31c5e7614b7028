#include "detail/sum_planes.hpp"

#include <algorithm>
#include <bit>

#include "xylem/support/contract.hpp"

namespace xylem::detail {
namespace {

constexpr std::int64_t half_digit = std::int64_t{1} << (SumPlanes::digit_bits - 1);

constexpr int floor_div(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// The sigma of an extraction must be a normal double.
constexpr int least_unit = -1074;
constexpr int greatest_unit = 970;

bool any_nonzero(const std::int64_t* digits, int n) {
  return std::any_of(digits, digits + n, [](std::int64_t digit) { return digit != 0; });
}

}  // namespace

void SumPlanes::start_at(int base) {
  if (started_) return;
  started_ = true;
  base_ = base;
}

std::int64_t* SumPlanes::plane_at(int j) {
  if (planes_.empty()) low_ = j;
  while (j < low_) {
    planes_.emplace(planes_.begin(), *budget_, outputs_, std::int64_t{0});
    --low_;
  }
  while (j >= low_ + planes()) planes_.emplace_back(*budget_, outputs_, std::int64_t{0});
  return planes_[static_cast<std::size_t>(j - low_)].data();
}

void SumPlanes::count(int additions) {
  if (additions_ + additions > max_additions) normalize();
  additions_ += additions;
}

void SumPlanes::normalize() {
  for (std::size_t j = 0; j < planes_.size(); ++j) {
    std::int64_t* digits = planes_[j].data();
    if (j + 1 == planes_.size()) {
      // A plane more, but only for sums that need it.
      const auto carries = [](std::int64_t digit) { return (digit + half_digit) >> digit_bits != 0; };
      if (std::none_of(digits, digits + outputs_, carries)) break;
      planes_.emplace_back(*budget_, outputs_, std::int64_t{0});
      digits = planes_[j].data();
    }
    std::int64_t* next = planes_[j + 1].data();
    for (int i = 0; i < outputs_; ++i) {
      const std::int64_t carry = (digits[i] + half_digit) >> digit_bits;
      digits[i] -= carry << digit_bits;
      next[i] += carry;
    }
  }
  additions_ = 1;  // what is left
}

void SumPlanes::carry(int output) {
  for (int j = 0; j < planes(); ++j) {
    std::int64_t& digit = planes_[static_cast<std::size_t>(j)].data()[output];
    const std::int64_t up = (digit + half_digit) >> digit_bits;
    if (up == 0) continue;
    digit -= up << digit_bits;
    plane_at(low_ + j + 1)[output] += up;
  }
}

bool SumPlanes::levels_for(int top, int last, int elements, Levels& levels) {
  XYLEM_EXPECT(elements <= max_elements, "a tile of at most 2048 elements");
  // The rest at a level of unit 2^u may be 2^(u + 51). Where the numbers leave places, a third goes above them.
  const int fewest = std::max(0, -floor_div(51 - (top - last), digit_bits)) + 1;
  const int spare = 51 + digit_bits * (fewest - 1) - (top - last);
  if (!started_ && fewest <= max_levels && last - spare >= least_unit) start_at(last - spare + spare / 3);
  const int high = -floor_div(base_ + 51 - top, digit_bits);
  const int low = std::min(floor_div(last - base_, digit_bits), high);
  levels.count = high - low + 1;
  if (levels.count > max_levels || base_ + digit_bits * high > greatest_unit || base_ + digit_bits * low < least_unit)
    return false;
  started_ = true;
  count(elements);
  plane_at(low);  // the planes' places may change until all are there
  plane_at(high);
  for (int i = 0; i < levels.count; ++i) {
    levels.unit[i] = base_ + digit_bits * (high - i);
    levels.plane[i] = plane_at(high - i);
  }
  return true;
}

void SumPlanes::add(int output, std::uint64_t magnitude, int exponent, bool negative) {
  __extension__ using Wide = unsigned __int128;
  if (magnitude == 0) return;
  start_at(0);
  count(2);
  const int place = exponent - base_;
  int j = floor_div(place, digit_bits);
  constexpr auto mask = (std::uint64_t{1} << digit_bits) - 1;
  for (Wide rest = static_cast<Wide>(magnitude) << (place - digit_bits * j); rest != 0; rest >>= digit_bits, ++j) {
    const auto digit = static_cast<std::int64_t>(static_cast<std::uint64_t>(rest) & mask);
    if (digit != 0) plane_at(j)[output] += negative ? -digit : digit;
  }
}

void SumPlanes::add(int output, double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto field = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const std::uint64_t magnitude = field == 0 ? fraction : fraction | std::uint64_t{1} << 52;
  add(output, magnitude, std::max(field, 1) - 1075, bits >> 63 != 0);
}

void SumPlanes::add_plane(int unit, const std::int64_t* digits) {
  if (!any_nonzero(digits, outputs_)) return;
  start_at(unit);
  count(4);
  const int j = floor_div(unit - base_, digit_bits);
  const int shift = unit - base_ - digit_bits * j;
  const int rest = digit_bits - shift;
  const auto carries = [&](std::int64_t digit) { return digit >> rest != 0; };
  const bool two = std::any_of(digits, digits + outputs_, carries);
  plane_at(j);
  if (two) plane_at(j + 1);
  std::int64_t* low = plane_at(j);
  if (!two) {
    for (int i = 0; i < outputs_; ++i) low[i] += digits[i] << shift;
    return;
  }
  std::int64_t* high = plane_at(j + 1);
  for (int i = 0; i < outputs_; ++i) {
    const std::int64_t carry = digits[i] >> rest;
    low[i] += (digits[i] - (carry << rest)) << shift;
    high[i] += carry;
  }
}

void SumPlanes::add(const SumPlanes& other) {
  XYLEM_EXPECT(outputs_ == other.outputs_, "sums of the same outputs");
  if (other.planes_.empty()) return;
  if (other.additions_ > 1) {
    add(other.normal_form(*budget_));
    return;
  }
  start_at(other.base_);
  for (int i = 0; i < other.planes(); ++i) add_plane(other.unit() + digit_bits * i, other.plane(i));
}

void SumPlanes::trim() {
  while (!planes_.empty() && !any_nonzero(planes_.back().data(), outputs_)) planes_.pop_back();
  while (!planes_.empty() && !any_nonzero(planes_.front().data(), outputs_)) {
    planes_.erase(planes_.begin());
    ++low_;
  }
}

SumPlanes SumPlanes::normal_form(MemoryBudget& budget) const {
  SumPlanes own(budget, outputs_);
  own.started_ = true;
  own.base_ = base_;
  own.low_ = low_;
  for (const auto& plane : planes_) {
    own.planes_.emplace_back(budget, outputs_, std::int64_t{0});
    std::copy(plane.data(), plane.data() + outputs_, own.planes_.back().data());
  }
  own.normalize();
  own.trim();
  SumPlanes result(budget, outputs_);
  if (own.planes_.empty()) return result;
  std::uint64_t all = 0;
  for (int i = 0; i < outputs_; ++i) all |= static_cast<std::uint64_t>(own.plane(0)[i]);
  result.start_at(own.unit() + std::countr_zero(all));
  result.add(own);
  result.normalize();
  result.trim();
  return result;
}

}  // namespace xylem::detail
