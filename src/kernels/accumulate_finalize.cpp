#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "xylem/model/half.hpp"
#include "xylem/support/contract.hpp"

#include "detail/accumulators_state.hpp"
#include "detail/sum_reader.hpp"

namespace xylem {

using namespace detail;

namespace {

// Computes the results of one reduction.
class FinalValues {
 public:
  FinalValues(const Finalizer& finalizer, const std::vector<std::unique_ptr<AggregateState>>& states, std::int64_t outputs,
              std::span<std::byte> out)
      : finalizer_(finalizer),
        outputs_(outputs),
        size_(element_size(finalizer.result)),
        out_(out),
        is_real_(is_floating(finalizer.result)),
        skips_(skips_missing(finalizer)) {
    fewest_ = std::max(finalizer.min_count, fewest_elements());
    for (const int aggregate : finalizer.aggregates) {
      parts_.push_back(states.at(static_cast<std::size_t>(aggregate)).get());
      counts_.push_back(dynamic_cast<const Counts*>(parts_.back()));
    }
    XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == outputs * size_, "room for the results");
  }

  std::optional<std::int64_t> write() {
    switch (finalizer_.reduction) {
      case Reduction::count: return write_counts();
      case Reduction::any:
      case Reduction::all: return write_each([&](std::int64_t i) { return Number(std::uint64_t{part<Truths>(0)[i]}); });
      case Reduction::argmin:
      case Reduction::argmax: return write_each([&](std::int64_t i) { return Number(position(i)); });
      case Reduction::min:
      case Reduction::max: return write_extremes();
      case Reduction::prod: return write_products();
      case Reduction::quantile: return write_each([&](std::int64_t i) { return quantile(i); });
      case Reduction::custom: part<CustomStates>(0).write(out_); return std::nullopt;
      default: return write_sums();
    }
  }

 private:
  template <class T>
  [[nodiscard]] const T& part(std::size_t i) const {
    const auto* state = dynamic_cast<const T*>(parts_.at(i));
    XYLEM_EXPECT(state != nullptr, "the aggregates of this reduction");
    return *state;
  }
  static bool skips_missing(const Finalizer& finalizer) {
    if (finalizer.reduction == Reduction::dot) return false;
    return finalizer.skipna || (finalizer.reduction != Reduction::custom && !reduction_info(finalizer.reduction).takes_skipna);
  }
  [[nodiscard]] std::int64_t count(std::size_t i, std::int64_t output) const { return (*counts_[i])[output]; }

  // Without which there is no result.
  [[nodiscard]] std::int64_t fewest_elements() const {
    if (finalizer_.weighted) return 0;
    switch (finalizer_.reduction) {
      case Reduction::min:
      case Reduction::max:
      case Reduction::mean: return 1;
      case Reduction::var:
      case Reduction::std:
      case Reduction::cov: return std::int64_t{finalizer_.ddof} + 1;
      default: return 0;
    }
  }

  // Neither a missing element that may not be skipped, nor too few of the others.
  [[nodiscard]] bool enough(std::int64_t output) const {
    const std::int64_t present = count(0, output);
    if (finalizer_.weighted && count(1, output) < finalizer_.elements) return false;
    return present >= fewest_ && (skips_ || present == finalizer_.elements);
  }

  // Between two elements as NumPy interpolates (method "linear").
  [[nodiscard]] Number quantile(std::int64_t output) const {
    const auto& ranks = part<Ranks>(0);
    const Ranks::Found found = ranks.find(output, finalizer_.quantile.q);
    if (finalizer_.quantile.shift > 0) return found.key;
    if (found.elements == 0 || (!finalizer_.skipna && found.elements < finalizer_.elements)) return missing_result;
    const double low = ranks.value(found.key), high = ranks.value(found.next), t = found.fraction;
    if (low == high || t == 0) return low;
    return t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
  }

  [[nodiscard]] std::int64_t position(std::int64_t output) const {
    if (!finalizer_.skipna) {
      const std::int64_t missing = part<FirstMissing>(1)[output];
      if (missing != nowhere) return missing;
    }
    const std::int64_t found = part<ExtremePositions>(0).position(output);
    return found == nowhere ? -1 : found;
  }

  void put(std::int64_t output, double value) { std::memcpy(out_.data() + output * size_, &value, sizeof value); }

  // As the result's type.
  void put(std::int64_t output, const Number& value) {
    std::byte* to = out_.data() + output * size_;
    if (finalizer_.result == ElementType::float64) {
      return put(output, std::visit([](auto number) { return static_cast<double>(number); }, value));
    }
    if (const auto* real = std::get_if<double>(&value)) {
      const auto single = static_cast<float>(*real);
      const std::uint16_t half = half_bits(single);
      if (finalizer_.result == ElementType::float32) std::memcpy(to, &single, sizeof single);
      if (finalizer_.result == ElementType::float16) std::memcpy(to, &half, sizeof half);
      return;
    }
    // Little-endian or not, an integer of the type.
    const std::uint64_t bits = std::visit([](auto number) { return static_cast<std::uint64_t>(number); }, value);
    const auto copy = [&](auto number) { std::memcpy(to, &number, sizeof number); };
    switch (size_) {
      case 1: return copy(static_cast<std::uint8_t>(bits));
      case 2: return copy(static_cast<std::uint16_t>(bits));
      case 4: return copy(static_cast<std::uint32_t>(bits));
      default: return copy(bits);
    }
  }

  template <class F>
  std::optional<std::int64_t> write_each(F result) {
    for (std::int64_t i = 0; i < outputs_; ++i) put(i, Number(result(i)));
    return std::nullopt;
  }

  std::optional<std::int64_t> write_counts() {
    XYLEM_EXPECT(finalizer_.result == ElementType::int64, "counts are int64");
    std::memcpy(out_.data(), &(*counts_[0])[0], out_.size());
    return std::nullopt;
  }

  std::optional<std::int64_t> write_extremes() {
    const auto& extremes = part<Extremes>(1);
    if (!extremes.write(finalizer_.result, out_)) {
      return write_each([&](std::int64_t i) { return enough(i) ? extremes.number(i) : missing_result; });
    }
    for (std::int64_t i = 0; i < outputs_; ++i) {
      if (!enough(i)) put(i, Number(missing_result));
    }
    return std::nullopt;
  }

  std::optional<std::int64_t> write_products() {
    std::optional<std::int64_t> too_large;
    const auto& products = part<Products>(1);
    for (std::int64_t i = 0; i < outputs_; ++i) {
      if (is_real_) {
        put(i, enough(i) ? products.real(i) : missing_result);
        continue;
      }
      const auto bits = products.integer(i, finalizer_.result == ElementType::int64);
      if (!bits && !too_large) too_large = i;
      put(i, Number(bits.value_or(0)));
    }
    return too_large;
  }

  // Sums come block by block of outputs.
  std::optional<std::int64_t> write_sums() {
    const std::size_t counts = finalizer_.weighted ? 2 : 1;
    std::vector<std::unique_ptr<SumReader>> sums;
    for (std::size_t i = counts; i < parts_.size(); ++i) sums.push_back(std::make_unique<SumReader>(*parts_[i]));
    std::optional<std::int64_t> too_large;
    for (std::int64_t first = 0; first < outputs_; first += ExactSums::block) {
      const std::int64_t end = std::min(outputs_, first + ExactSums::block);
      const std::int64_t number = first / ExactSums::block;
      find_sure_results(number, static_cast<int>(end - first), sums);
      bool started = false;
      for (std::int64_t i = first; i < end; ++i) {
        const auto place = static_cast<std::size_t>(i - first);
        if (is_real_ && (sure_[place] != 0 || !enough(i))) {
          put(i, enough(i) ? sure_results_[place] : missing_result);
          continue;
        }
        if (!std::exchange(started, true)) {
          for (const auto& sum : sums) sum->start_block(number);
        }
        if (is_real_) {
          put(i, real_result(i, sums));
        } else if (!put_integer(i, *sums[0]) && !too_large) {
          too_large = i;
        }
      }
    }
    return too_large;
  }

  [[nodiscard]] bool is_spread() const {
    return finalizer_.reduction == Reduction::var || finalizer_.reduction == Reduction::std;
  }

  // What fast loops can say of a block's sums, means, variances and standard deviations.
  void find_sure_results(std::int64_t number, int n, const std::vector<std::unique_ptr<SumReader>>& sums) {
    sure_.fill(0);
    const bool is_plain = sums.size() == (is_spread() ? 2U : 1U) && !finalizer_.weighted;
    if (!is_real_ || !is_plain) return;
    const auto sum = sums[0]->digits(number), squares = sums.back()->digits(number);
    if (!sum || !squares) return;
    const std::int64_t first = number * ExactSums::block;
    const std::int64_t* counts = &(*counts_[0])[first];
    if (is_spread()) {
      sure_variances(*sum, *squares, counts, finalizer_.ddof, finalizer_.reduction == Reduction::std, n, sure_results_.data(),
                     sure_.data());
    } else {
      sure_means(*sum, finalizer_.reduction == Reduction::mean ? counts : nullptr, n, sure_results_.data(), sure_.data());
    }
    for (int i = 0; i < n; ++i) {
      if (std::ranges::any_of(sums, [&](const auto& one) { return one->special(first + i) != 0; })) {
        sure_[static_cast<std::size_t>(i)] = 0;
      }
    }
  }

  bool put_integer(std::int64_t output, const SumReader& sum) {
    const Scaled<BigInt> exact = sum.get<BigInt>(output);
    const BigInt value = exact.exponent >= 0 ? BigInt(exact.units << exact.exponent) : BigInt(exact.units >> -exact.exponent);
    const bool is_signed = finalizer_.result == ElementType::int64;
    const BigInt low = is_signed ? BigInt(INT64_MIN) : BigInt(0);
    const BigInt high = is_signed ? BigInt(INT64_MAX) : BigInt(UINT64_MAX);
    if (value < low || value > high) {
      put(output, Number(std::int64_t{0}));
      return false;
    }
    put(output, is_signed ? Number(static_cast<std::int64_t>(value)) : Number(static_cast<std::uint64_t>(value)));
    return true;
  }

  using Sums = std::vector<std::unique_ptr<SumReader>>;

  [[nodiscard]] double real_result(std::int64_t i, const Sums& sums) const {
    if (std::ranges::any_of(sums, [](const auto& sum) { return sum->is_fast(); })) return fast_result(i, sums);
    const Reduction reduction = finalizer_.reduction;
    const std::int64_t n = count(0, i);
    const bool is_sum = reduction == Reduction::sum || reduction == Reduction::dot;
    std::uint8_t special = 0;
    for (const auto& sum : sums) special |= sum->special(i);
    if (is_sum) {
      const SumReader& sum = *sums.back();
      if (sum.special(i) != 0) return SumReader::special_value(sum.special(i));
      return sum.planes() <= 2 ? round_sum(sum.units(i), sum.unit()) : quotient(sum.get<BigInt>(i), integer<BigInt>(1));
    }
    if (finalizer_.weighted) return weighted_result(i, sums, special);
    if (n == 0) return missing_result;
    if (reduction == Reduction::mean) {
      if (special != 0) return SumReader::special_value(special);
      const SumReader& sum = *sums[0];
      return sum.planes() <= 2 ? round_mean(sum.units(i), n, sum.unit()) : quotient(sum.get<BigInt>(i), integer<BigInt>(n));
    }
    if (special != 0) return missing_result;
    int bits = 0, least = INT_MAX, most = INT_MIN;  // of all products below
    for (const auto& sum : sums) {
      for (const auto& other : sums) {
        bits = std::max(bits, std::max(sum->bits() + other->bits(), sum->bits() + 64));
        least = std::min({least, sum->unit(), sum->unit() + other->unit()});
        most = std::max({most, sum->unit(), sum->unit() + other->unit()});
      }
    }
    return bits + most - least <= 500 ? moment<FixedInt>(i, sums, n) : moment<BigInt>(i, sums, n);
  }

  template <class Int>
  [[nodiscard]] static Scaled<Int> integer(std::int64_t n) {
    return {Int(n), 0};
  }

  // Variances, covariances and correlations, from n times the sum of products less the product of sums.
  template <class Int>
  [[nodiscard]] double moment(std::int64_t i, const Sums& sums, std::int64_t n) const {
    const Scaled<Int> count = integer<Int>(n);
    const auto centered = [&](std::size_t x, std::size_t y, std::size_t xy) {
      return count * sums[xy]->get<Int>(i) - sums[x]->get<Int>(i) * sums[y]->get<Int>(i);
    };
    const auto divisor = [&] { return count * integer<Int>(n - finalizer_.ddof); };
    switch (finalizer_.reduction) {
      case Reduction::var: return quotient(centered(0, 0, 1), divisor());
      case Reduction::std: return root(centered(0, 0, 1), divisor());
      case Reduction::cov: return quotient(centered(0, 1, 2), divisor());
      default: break;
    }
    const Scaled<Int> x = centered(0, 0, 3), y = centered(1, 1, 4);
    if (x.units == 0 || y.units == 0) return missing_result;
    return correlation(centered(0, 1, 2), x, y);
  }

  [[nodiscard]] double weighted_result(std::int64_t i, const Sums& sums, std::uint8_t special) const {
    Scaled<BigInt> weights = sums[0]->get<BigInt>(i);
    if (special != 0) {
      const bool mean = finalizer_.reduction == Reduction::mean && sums[0]->special(i) == 0 && weights.units != 0;
      const double sum = SumReader::special_value(sums[1]->special(i));
      return mean ? (weights.units < 0 ? -sum : sum) : missing_result;
    }
    if (weights.units == 0) return missing_result;
    Scaled<BigInt> sum = sums[1]->get<BigInt>(i);
    if (finalizer_.reduction == Reduction::mean) {
      if (weights.units < 0) {
        weights.units = -weights.units;
        sum.units = -sum.units;
      }
      return quotient(sum, weights);
    }
    const Scaled<BigInt> centered = weights * sums[2]->get<BigInt>(i) - sum * sum;
    if (finalizer_.reduction == Reduction::var) return quotient(centered, weights * weights);
    return centered.units < 0 ? missing_result : root(centered, weights * weights);
  }

  // The same formulas, and their cancellation.
  [[nodiscard]] double fast_result(std::int64_t i, const Sums& sums) const {
    const auto sum = [&](std::size_t k) { return value(*sums[k], i); };
    const Reduction reduction = finalizer_.reduction;
    if (reduction == Reduction::sum || reduction == Reduction::dot) return sum(sums.size() - 1);
    const auto count_of_all = static_cast<double>(count(0, i));
    const double n = finalizer_.weighted ? sum(0) : count_of_all;
    if (n == 0) return missing_result;
    const std::size_t x = finalizer_.weighted ? 1 : 0;
    if (reduction == Reduction::mean) return sum(x) / n;
    const double divisor = finalizer_.weighted ? n : n - finalizer_.ddof;
    const auto centered = [&](std::size_t a, std::size_t b, std::size_t ab) { return sum(ab) - sum(a) * sum(b) / n; };
    if (reduction == Reduction::corr) return centered(0, 1, 2) / std::sqrt(centered(0, 0, 3) * centered(1, 1, 4));
    if (reduction == Reduction::cov) return centered(0, 1, 2) / divisor;
    const double variance = finalizer_.weighted ? centered(1, 1, 2) / divisor : std::max(0.0, centered(0, 0, 1)) / divisor;
    return reduction == Reduction::var ? variance : std::sqrt(variance);
  }

  [[nodiscard]] static double value(const SumReader& sum, std::int64_t i) {
    if (sum.is_fast()) return sum.fast(i);
    return quotient(sum.get<BigInt>(i), integer<BigInt>(1));
  }

  const Finalizer& finalizer_;
  std::int64_t outputs_;
  std::int64_t size_;
  std::span<std::byte> out_;
  bool is_real_;             // the results are floats
  bool skips_;               // missing elements
  std::int64_t fewest_ = 0;  // elements that there must be
  std::vector<const AggregateState*> parts_{};
  std::vector<const Counts*> counts_{};  // by part
  // Of a block of outputs, where they are sure.
  std::array<double, ExactSums::block> sure_results_{};
  std::array<std::uint8_t, ExactSums::block> sure_{};
};

}  // namespace

std::optional<std::int64_t> Accumulators::finalize(const Finalizer& finalizer, std::span<std::byte> out) const {
  state_->settle();
  return FinalValues(finalizer, state_->states, state_->outputs, out).write();
}

}  // namespace xylem
