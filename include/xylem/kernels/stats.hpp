#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/kernels/exact_sum.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/model/dtype.hpp"

namespace xylem {

/// The statistics of one dataset. Every float here is the exact result rounded once (to nearest, ties to even).
struct Stats {
  bool integral = false;       ///< the values are integers: min and max are int64 or uint64, and `integer_sum` is set
  std::int64_t count = 0;      ///< values that are not missing, infinities included
  std::int64_t missing = 0;    ///< NaN, and what the CF decoding calls missing
  std::optional<Number> min;   ///< nothing when count is 0; -0.0 is below +0.0
  std::optional<Number> max;   ///< likewise
  double sum = 0;              ///< 0.0 when count is 0 and for a sum of -0.0 alone; NaN when both infinities occur
  std::string integer_sum{};   ///< integers: the exact sum in decimal, of any size
  std::optional<double> mean;  ///< finite even where `sum` overflows; NaN when both infinities occur; nothing when count is 0
  std::optional<double> std;   ///< population standard deviation (ddof 0); nothing when count is 0 or an infinity occurs
};

/// An accumulator's state for sending between ranks: the states of one dataset combine by element-wise addition of `add` and
/// element-wise minimum of `min`, for up to 2^30 states.
struct PackedStats {
  std::vector<std::int64_t> add;
  std::vector<std::uint64_t> min;
};

namespace detail {
struct TilePlan;
struct TileResult;
}  // namespace detail

/// Accumulates count, missing, min, max, mean and standard deviation of a dataset block by block, from exact sums of x and x*x:
/// any cut into blocks, any order of updates and merges, any number of threads gives the same bits (docs/reproducibility.md).
/// `update` runs on Kokkos' default host execution space, which must be initialized.
class StatsAccumulator {
 public:
  /// The identity for a dataset of the numeric type `stored`; throws UsageError for other types.
  StatsAccumulator(const DType& stored, const CfDecoding& decoding);
  /// The state that `packed`, made for the same type and decoding, describes.
  StatsAccumulator(const DType& stored, const CfDecoding& decoding, const PackedStats& packed);

  /// Adds n contiguous elements in the stored type and byte order; no alignment is needed.
  void update(const std::byte* raw, std::int64_t n);
  /// Adds one element `times` times, in constant time: regions that hold the fill value only.
  void update_constant(const std::byte* element, std::int64_t times);
  /// Adds what another accumulator of the same type and decoding has seen.
  void combine(const StatsAccumulator& other);

  /// The state, for another rank.
  [[nodiscard]] PackedStats pack() const;
  /// The statistics of what was added so far.
  [[nodiscard]] Stats finalize() const;

 private:
  void merge(const PackedStats& packed);
  void add_tile(const detail::TileResult& tile);
  void add_one_by_one(const std::byte* raw, int n);
  [[nodiscard]] Number number_of_key(std::uint64_t key) const;

  std::shared_ptr<const detail::TilePlan> plan_;
  std::int64_t count_ = 0;
  std::int64_t missing_ = 0;
  std::int64_t positive_infinities_ = 0;
  std::int64_t negative_infinities_ = 0;
  std::uint64_t min_key_ = ~std::uint64_t{0};  // keys keep the order of the values
  std::uint64_t max_key_ = 0;
  ExactSum sum_;
  ExactSum squares_;
};

}  // namespace xylem
