#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "xylem/model/element_type.hpp"

namespace xylem {

/// Reductions over some or all dims, in xarray's words. Means, variances and standard deviations may be weighted; so may sums.
enum class Reduction : std::uint8_t {
  sum,
  prod,
  mean,
  var,
  std,
  min,
  max,
  argmin,
  argmax,
  count,
  any,
  all,
  cov,
  corr,
  dot,
  quantile,
  custom,  ///< one of a program's own (CustomReduction); it has no row in the table
};

/// One step to a quantile. Elements have keys, unsigned integers in their order (key_bits()); the key of the one at rank q * (n -
/// 1) is found from its highest bits on, `bits` at a step. All steps but the last, whose `shift` is 0, give the bits found so
/// far, as uint64, to the next; the last gives the quantile.
struct QuantileStep {
  double q = 0.5;  ///< in [0, 1]
  int shift = 0;   ///< lower bits that are left to further steps
  int bits = 0;    ///< found by this step
  friend bool operator==(const QuantileStep&, const QuantileStep&) = default;
};

/// Bits of the keys of a type's elements.
[[nodiscard]] int key_bits(ElementType type) noexcept;

/// One row of the table of reductions.
struct ReductionInfo {
  Reduction reduction;
  const char* name;
  int inputs;            ///< arrays, weights not counted
  bool takes_skipna;     ///< by default missing values are skipped; without skipna one makes the result missing
  bool takes_ddof;       ///< the divisor is N - ddof
  bool takes_min_count;  ///< fewer values that are not missing make the result missing
  bool takes_weights;
  bool keeps_attributes;  ///< the result is the same quantity
};

/// All reductions but `custom`, in the order of the enumeration.
[[nodiscard]] std::span<const ReductionInfo> reductions() noexcept;
/// The row of a reduction, which is not `custom`.
[[nodiscard]] const ReductionInfo& reduction_info(Reduction reduction) noexcept;
/// By its name; nothing where there is none.
[[nodiscard]] std::optional<Reduction> find_reduction(std::string_view name) noexcept;

/// The result of a reduction over `type` (for two inputs their promoted type; weighted: of values and weights):
///
/// - sum, prod, dot: float64 of floats, int64 of booleans and signed integers, uint64 of unsigned ones; exact or an error;
/// - mean, var, std, cov, corr and all weighted ones: float64;
/// - min, max: the type itself;
/// - argmin, argmax, count: int64;  any, all: bool;  quantile: float64.
///
/// `maybe_nothing` says that the result may be missing for want of values where the type has no missing values itself (an empty
/// dim, too few values for `min_count`): sum, prod, min and max then are float64.
[[nodiscard]] ElementType reduction_type(Reduction reduction, ElementType type, bool weighted, bool maybe_nothing);

}  // namespace xylem
