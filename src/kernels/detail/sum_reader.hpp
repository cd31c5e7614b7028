#pragma once

#include <limits>
#include <optional>

#include "detail/aggregate_state.hpp"
#include "detail/rational.hpp"
#include "detail/sure_results.hpp"

namespace xylem::detail {

inline constexpr double missing_result = std::numeric_limits<double>::quiet_NaN();

/// The sums of one aggregate, block by block of outputs.
class SumReader {
 public:
  explicit SumReader(const AggregateState& state)
      : exact_(dynamic_cast<const ExactSums*>(&state)), fast_(dynamic_cast<const FastSums*>(&state)), planes_(budget_, 0) {}

  void start_block(std::int64_t number) {
    if (exact_ != nullptr) planes_ = exact_->planes(number).normal_form(budget_);
  }
  /// The digits of a block's sums, without start_block(), where there are not more than two.
  [[nodiscard]] std::optional<SumDigits> digits(std::int64_t number) const {
    if (exact_ == nullptr) return std::nullopt;
    const SumPlanes& planes = exact_->planes(number);
    if (planes.planes() > 2) return std::nullopt;
    const auto plane = [&](int i) { return i < planes.planes() ? planes.plane(i) : nullptr; };
    return SumDigits{plane(0), plane(1), planes.planes() > 0 ? planes.unit() : 0};
  }
  [[nodiscard]] bool is_fast() const { return fast_ != nullptr; }
  [[nodiscard]] double fast(std::int64_t output) const { return (*fast_)[output]; }
  [[nodiscard]] int bits() const { return SumPlanes::digit_bits * planes_.planes() + 1; }
  [[nodiscard]] int unit() const { return planes_.planes() > 0 ? planes_.unit() : 0; }
  [[nodiscard]] std::uint8_t special(std::int64_t output) const { return exact_->special(output); }
  /// What infinities make of the sum.
  [[nodiscard]] static double special_value(std::uint8_t special) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return special == ExactSums::positive_infinity   ? infinity
           : special == ExactSums::negative_infinity ? -infinity
                                                     : missing_result;
  }

  template <class Int>
  [[nodiscard]] Scaled<Int> get(std::int64_t output) const {
    const auto place = output % ExactSums::block;
    Int units = 0;
    for (int i = planes_.planes(); i-- > 0;) units = (units << SumPlanes::digit_bits) + planes_.plane(i)[place];
    return {units, unit()};
  }
  /// Where two planes suffice.
  [[nodiscard]] Int128 units(std::int64_t output) const {
    const auto place = output % ExactSums::block;
    Int128 units = 0;
    for (int i = planes_.planes(); i-- > 0;) units = units * (Int128{1} << SumPlanes::digit_bits) + planes_.plane(i)[place];
    return units;
  }
  [[nodiscard]] int planes() const { return planes_.planes(); }

 private:
  const ExactSums* exact_;
  const FastSums* fast_;
  MemoryBudget budget_{INT64_MAX};
  SumPlanes planes_;
};

}  // namespace xylem::detail
