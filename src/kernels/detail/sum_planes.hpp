#pragma once

#include <cstdint>
#include <vector>

#include "detail/extract_levels.hpp"
#include "detail/memory_budget.hpp"

namespace xylem::detail {

/// Exact sums for a few hundred outputs: each a number in base 2^52 whose digits lie in 64-bit integers, so that a few thousand
/// additions need no carries. Planes hold one digit of all outputs, and exist only where values have bits. Adding is associative
/// and commutative, as it is of integers (exact_sum.hpp has the sources).
///
/// The digits' units are 2^(base + 52 j); the base follows the first values, so that theirs lie in as few planes as can be.
class SumPlanes {
 public:
  static constexpr int digit_bits = 52;
  /// Elements that one addition may sum before.
  static constexpr int max_elements = 2048;

  SumPlanes(MemoryBudget& budget, int outputs) : budget_(&budget), outputs_(outputs) {}

  /// The planes that numbers below 2^top in magnitude and multiples of 2^last are extracted into, when at most `elements` of them
  /// go into any one output; false when there are too many planes or they leave the range of doubles: add() takes any.
  [[nodiscard]] bool levels_for(int top, int last, int elements, Levels& levels);

  /// Likewise for elements that all go into one output: the other outputs' sums do not come nearer to their limit. Once they are
  /// in, carry() that output.
  [[nodiscard]] bool levels_for_one(int top, int last, Levels& levels) { return levels_for(top, last, 0, levels); }
  void carry(int output);

  /// Adds magnitude * 2^exponent, or takes it away.
  void add(int output, std::uint64_t magnitude, int exponent, bool negative);
  /// Adds a finite number.
  void add(int output, double x);
  /// Adds all sums of another.
  void add(const SumPlanes& other);
  /// Adds one digit for all outputs, in units of 2^unit and at most 2^52 in magnitude.
  void add_plane(int unit, const std::int64_t* digits);

  /// The same sums in the one form that depends on their values only: the lowest unit is that of the last bit of all sums, digits
  /// are from -2^51 to below 2^51, and no planes of zeros are at the ends.
  [[nodiscard]] SumPlanes normal_form(MemoryBudget& budget) const;

  [[nodiscard]] int planes() const noexcept { return static_cast<int>(planes_.size()); }
  [[nodiscard]] int outputs() const noexcept { return outputs_; }
  /// Of the lowest plane; those above follow in steps of digit_bits.
  [[nodiscard]] int unit() const noexcept { return base_ + digit_bits * low_; }
  [[nodiscard]] const std::int64_t* plane(int i) const noexcept { return planes_[static_cast<std::size_t>(i)].data(); }

 private:
  // |digit| < 2^63 after that many additions of at most 2^51, and one run of max_elements more.
  static constexpr int max_additions = 4000 - max_elements;

  void count(int additions);
  void normalize();
  void trim();  // planes of zeros at the ends
  void start_at(int base);
  std::int64_t* plane_at(int j);  // made where it is not there yet

  MemoryBudget* budget_;
  int outputs_;
  bool started_ = false;
  int base_ = 0;
  int low_ = 0;
  int additions_ = 0;
  std::vector<PaidVector<std::int64_t>> planes_{};
};

}  // namespace xylem::detail
