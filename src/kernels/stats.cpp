#include "xylem/kernels/stats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "xylem/kernels/kokkos_bridge.hpp"
#include "xylem/support/contract.hpp"

#include "detail/rounding.hpp"
#include "detail/tile.hpp"

namespace xylem {

using detail::Source;
using detail::TilePlan;
using detail::TileResult;

namespace {

constexpr std::size_t num_counters = 4;  // in front of the limbs in PackedStats::add

ExactSum::Range range_of(const TilePlan& plan) {
  switch (plan.kernel) {
    case TilePlan::Kernel::integers: return ExactSum::integer_range;
    case TilePlan::Kernel::floats: return plan.source == Source::float16 ? ExactSum::half_range : ExactSum::float_range;
    case TilePlan::Kernel::scaled:
    case TilePlan::Kernel::doubles: break;
  }
  return ExactSum::double_range;
}

bool is_signed(Source source) {
  return source == Source::int8 || source == Source::int16 || source == Source::int32 || source == Source::int64;
}

// Reduces tile i of a run of them; what a Kokkos kernel is made of.
struct ReduceTiles {
  const TilePlan* plan;
  const std::byte* raw;
  std::int64_t elements;
  TileResult* results;

  void operator()(std::int64_t i) const {
    const std::int64_t start = i * plan->tile;
    const auto n = static_cast<int>(std::min<std::int64_t>(plan->tile, elements - start));
    detail::reduce_tile(*plan, raw + start * plan->size, n, results[i]);
  }
};

}  // namespace

StatsAccumulator::StatsAccumulator(const DType& stored, const CfDecoding& decoding)
    : plan_(std::make_shared<const TilePlan>(stored, decoding)), sum_(range_of(*plan_)), squares_(range_of(*plan_).squared()) {}

StatsAccumulator::StatsAccumulator(const DType& stored, const CfDecoding& decoding, const PackedStats& packed)
    : StatsAccumulator(stored, decoding) {
  merge(packed);
}

void StatsAccumulator::update(const std::byte* raw, std::int64_t n) {
  // Tiles are reduced in parallel, batch by batch, and their few integers added here in order (which does not matter).
  const std::int64_t tile = plan_->tile;
  const std::int64_t tiles = (n + tile - 1) / tile;
  const std::int64_t batch = std::min(tiles, 64 * host_concurrency());
  std::vector<TileResult> results(static_cast<std::size_t>(batch));
  for (std::int64_t first = 0; first < tiles; first += batch) {
    const ReduceTiles reduce{plan_.get(), raw + first * tile * plan_->size, n - first * tile, results.data()};
    const std::int64_t here = std::min(batch, tiles - first);
    if (here == 1) {
      reduce(0);
    } else {
      host_parallel_for("xylem::stats", here, reduce);
    }
    for (std::int64_t i = 0; i < here; ++i) {
      const TileResult& result = results[static_cast<std::size_t>(i)];
      const auto elements = static_cast<int>(std::min(tile, reduce.elements - i * tile));
      missing_ += elements - result.count;
      add_tile(result);
      if (!result.exact) add_one_by_one(reduce.raw + i * tile * plan_->size, elements);
    }
  }
}

void StatsAccumulator::add_tile(const TileResult& tile) {
  if (tile.count == 0) return;
  count_ += tile.count;
  positive_infinities_ += tile.positive_infinities;
  negative_infinities_ += tile.negative_infinities;
  min_key_ = std::min(min_key_, tile.min_key);
  max_key_ = std::max(max_key_, tile.max_key);
  if (!tile.exact) return;
  for (int i = 0; i < tile.sum_terms; ++i) sum_.add(tile.sum[i].units, tile.sum[i].exponent);
  for (int i = 0; i < tile.square_terms; ++i) squares_.add(tile.squares[i].units, tile.squares[i].exponent);
}

// The sums of a tile whose range of exponents is too wide for the fast kernels.
void StatsAccumulator::add_one_by_one(const std::byte* raw, int n) {
  std::vector<double> x(static_cast<std::size_t>(n));
  detail::decode_doubles(*plan_, raw, n, x.data());
  for (const double value : x) {
    if (!(std::abs(value) <= std::numeric_limits<double>::max())) continue;  // NaN and infinities are counted already
    sum_.add(value);
    squares_.add_square(value);
  }
}

void StatsAccumulator::update_constant(const std::byte* element, std::int64_t times) {
  if (times <= 0) return;
  StatsAccumulator one = *this;
  one.count_ = one.missing_ = one.positive_infinities_ = one.negative_infinities_ = 0;
  one.sum_ = ExactSum(range_of(*plan_));
  one.squares_ = ExactSum(range_of(*plan_).squared());
  one.update(element, 1);
  count_ += one.count_ * times;
  missing_ += one.missing_ * times;
  positive_infinities_ += one.positive_infinities_ * times;
  negative_infinities_ += one.negative_infinities_ * times;
  min_key_ = one.min_key_;
  max_key_ = one.max_key_;
  sum_.add_multiple(one.sum_, static_cast<std::uint64_t>(times));
  squares_.add_multiple(one.squares_, static_cast<std::uint64_t>(times));
}

void StatsAccumulator::combine(const StatsAccumulator& other) { merge(other.pack()); }

PackedStats StatsAccumulator::pack() const {
  PackedStats packed{{count_, missing_, positive_infinities_, negative_infinities_}, {min_key_, ~max_key_}};
  for (const ExactSum* sum : {&sum_, &squares_}) {
    ExactSum normal = *sum;
    normal.normalize();
    packed.add.insert(packed.add.end(), normal.limbs().begin(), normal.limbs().end());
  }
  return packed;
}

void StatsAccumulator::merge(const PackedStats& packed) {
  const std::size_t limbs = sum_.limbs().size();
  const std::size_t square_limbs = squares_.limbs().size();
  XYLEM_EXPECT(packed.add.size() == num_counters + limbs + square_limbs && packed.min.size() == 2,
               "packed statistics of one type");
  count_ += packed.add[0];
  missing_ += packed.add[1];
  positive_infinities_ += packed.add[2];
  negative_infinities_ += packed.add[3];
  min_key_ = std::min(min_key_, packed.min[0]);
  max_key_ = std::max(max_key_, ~packed.min[1]);
  const std::span<const std::int64_t> sums(packed.add);
  sum_.add_limbs(sums.subspan(num_counters, limbs));
  squares_.add_limbs(sums.subspan(num_counters + limbs, square_limbs));
}

Number StatsAccumulator::number_of_key(std::uint64_t key) const {
  if (plan_->kernel != TilePlan::Kernel::integers) return detail::double_of_key(key);
  if (is_signed(plan_->source)) return static_cast<std::int64_t>(key ^ detail::sign_bit);
  return key;
}

Stats StatsAccumulator::finalize() const {
  Stats stats;
  stats.integral = plan_->kernel == TilePlan::Kernel::integers;
  stats.count = count_;
  stats.missing = missing_;
  const detail::BigInt sum = detail::to_integer(sum_);
  if (stats.integral) stats.integer_sum = sum.str();
  if (count_ == 0) return stats;
  stats.min = number_of_key(min_key_);
  stats.max = number_of_key(max_key_);
  if (positive_infinities_ + negative_infinities_ > 0) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    stats.sum = negative_infinities_ == 0   ? infinity
                : positive_infinities_ == 0 ? -infinity
                                            : std::numeric_limits<double>::quiet_NaN();
    stats.mean = stats.sum;
    return stats;
  }
  const int exponent = sum_.min_exponent();
  const detail::BigInt n = count_;
  stats.sum = sum_.round();
  stats.mean = detail::round_quotient(sum, n, exponent);
  // The variance is (n sum(x^2) - sum(x)^2) / n^2, and squares have twice the exponents of values.
  stats.std = detail::round_root(n * detail::to_integer(squares_) - sum * sum, n, exponent);
  return stats;
}

}  // namespace xylem
