#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "xylem/model/custom.hpp"
#include "xylem/model/element_type.hpp"
#include "xylem/model/program.hpp"
#include "xylem/model/reduction.hpp"

namespace xylem {

/// What reductions are made of: quantities that combine associatively and commutatively, and exactly (but for `product` of
/// floats, and for `custom` as its author has it). Missing elements (NaN) are left out of all but any and all, for which they are
/// true, and of `custom` unless it is told otherwise.
enum class AggregateKind : std::uint8_t {
  count,    ///< elements that are not missing
  sum,      ///< of the products of one to three factors; left out where any factor is missing
  product,  ///< of the elements
  min,      ///< -0.0 is below +0.0
  max,
  argmin,  ///< the first position of the least element; -0.0 equals +0.0
  argmax,
  first_missing,  ///< the first position of a missing element
  any,
  all,
  ranks,   ///< how many elements have each of the keys that a QuantileStep tells apart; its second value, if any, are the bits
           ///< known
  custom,  ///< the state of a reduction of a program's own
};

/// One aggregate over some values of a program.
struct Aggregate {
  AggregateKind kind{};
  std::vector<int> values{};  ///< the program's values: one, of sums one to three factors, of custom all its inputs
  int shift = 0;              ///< of ranks: as QuantileStep
  int bits = 0;               ///< of ranks: as QuantileStep
  std::shared_ptr<const CustomReduction> custom{};  ///< of custom
  bool skipna = true;                               ///< of custom
  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

/// How sums are kept: exactly, or as plain double additions in the order in which elements come (`--sum fast`).
enum class SumMode : std::uint8_t { exact, fast };

/// How one reduction's results come of aggregates.
struct Finalizer {
  Reduction reduction{};
  bool weighted = false;
  bool skipna = true;
  int ddof = 0;                   ///< the divisor is N - ddof
  std::int64_t min_count = 0;     ///< fewer values that are not missing make the result missing
  std::int64_t elements = 0;      ///< that go into each result, missing ones included
  ElementType result{};           ///< of the reduction (reduction_type)
  std::vector<int> aggregates{};  ///< which ones, in the order of aggregates_of()
  QuantileStep quantile{};        ///< of quantile
};

/// The aggregates that a reduction needs, in the order in which its Finalizer names them. `values` are those of its inputs, the
/// weights last; where several and any may be missing, the caller has masked each by the others (`paired`), and `original` are
/// the values before:
///
/// - sum, mean: count(x) sum(x);  var, std: count(x) sum(x) sum(x x);  prod: count(x) product(x)
/// - min, max: count(x) min(x);  argmin: argmin(x) and without skipna first_missing(x);  count, any, all: themselves
/// - cov: count(x) sum(x) sum(y) sum(x y);  corr: cov's, sum(x x), sum(y y);  dot: count(x) sum(x y)
/// - quantile: ranks(x) or ranks(x, bits known)
/// - weighted: count(x before masking) count(w before masking) sum(w) sum(w x), for var and std also sum(w x x)
[[nodiscard]] std::vector<Aggregate> aggregates_of(Reduction reduction, bool weighted, bool skipna,
                                                   const std::vector<int>& paired, const std::vector<int>& original,
                                                   const QuantileStep& quantile = {});

/// Bytes of one output's ranks.
[[nodiscard]] constexpr std::int64_t ranks_bytes(int bits) { return 8 * ((std::int64_t{1} << bits) + 4); }

/// How sums are kept in memory (kernels): digits of base 2^52 in 64 bits each, in planes of blocks of outputs.
inline constexpr int sum_digit_bits = 52;
inline constexpr int sum_block_outputs = 512;        ///< of a block, at most
inline constexpr std::int64_t sum_block_bytes = 64;  ///< of a block, at most, besides its planes
inline constexpr std::int64_t sum_plane_bytes = 64;  ///< of a plane of a block, besides its digits
inline constexpr std::int64_t product_bytes = 40;    ///< of one output's product
/// Outputs that have a common count of elements beside their own: as many as a tile has columns.
inline constexpr std::int64_t count_block_outputs = 128;
/// What updates need for each value, in doubles for each element of a tile.
inline constexpr std::int64_t update_doubles = 4;
inline constexpr std::int64_t triple_doubles = 8;  ///< the same for each sum of three factors

/// How far apart the magnitudes of a value's elements lie, zeros apart: exact sums need more memory the farther they do.
enum class Spread : std::uint8_t {
  usual,  ///< within a factor of 2^27 (float32) or 2^24 (float64): those of nearly all measured and modelled quantities
  wide,   ///< within a factor of 2^96
  any,
};

/// Bytes that accumulators of these aggregates, over values of the program, take for so many outputs.
[[nodiscard]] std::int64_t aggregate_memory(const Program& program, const std::vector<Aggregate>& aggregates,
                                            std::int64_t outputs, SumMode mode, Spread spread);

/// Bytes that updates of such accumulators need besides, whatever number of outputs there is.
[[nodiscard]] std::int64_t update_memory(const std::vector<Aggregate>& aggregates);

}  // namespace xylem
