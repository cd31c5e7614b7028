#include "detail/sure_results.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "xylem/support/contract.hpp"
#include "xylem/support/multiversion.hpp"

// This file is compiled with -fno-math-errno, without which square roots do not vectorize.
//
// A pair is high + low, with |low| at most about 2^-53 |high|. Sums and products of doubles are split without error (T. J.
// Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18, 1971; D. E. Knuth's sum); what is
// rounded after that is 2^-50 of the result or less, so that errors are some units of 2^-103 of the numbers that went in. The
// bounds below have room for eight times as much and more.

namespace xylem::detail {
namespace {

constexpr int n_max = max_sure_results;
constexpr double tiny = 0x1p-98;
constexpr double all_of_it = std::numeric_limits<double>::infinity();

struct Pair {
  double high;
  double low;
};

XYLEM_INLINE Pair sum_of(double a, double b) {
  const double high = a + b;
  const double rest = high - a;
  return {high, (a - (high - rest)) + (b - rest)};
}

// The upper half of a double, rounded to 26 bits.
XYLEM_INLINE double upper_half(double x) {
  const auto bits = __builtin_bit_cast(std::uint64_t, x);
  return __builtin_bit_cast(double, (bits + (std::uint64_t{1} << 26)) & ~((std::uint64_t{1} << 27) - 1));
}

XYLEM_INLINE Pair product_of(double a, double b) {
  const double high = a * b;
  const double a_high = upper_half(a), a_low = a - a_high;
  const double b_high = upper_half(b), b_low = b - b_high;
  return {high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

// An integer below 2^51 in magnitude.
XYLEM_INLINE double real(std::int64_t x) {
  constexpr double sigma = 0x1.8p52;
  return __builtin_bit_cast(double, __builtin_bit_cast(std::int64_t, sigma) + x) - sigma;
}

XYLEM_INLINE std::int64_t is_small(std::int64_t x) {
  constexpr std::int64_t limit = std::int64_t{1} << 50;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(x + limit) < static_cast<std::uint64_t>(2 * limit));
}

// Sums as pairs, exactly, times `scale`, which is a power of 2. Returns whether all digits are small enough.
XYLEM_INLINE bool load(const SumDigits& sum, int n, double scale, double* high, double* low) {
  constexpr int digit_bits = 52;
  constexpr std::int64_t half = std::int64_t{1} << (digit_bits - 2);
  static constexpr std::int64_t zeros[n_max] = {};
  const std::int64_t* lower = sum.low != nullptr ? sum.low : zeros;
  const std::int64_t* upper = sum.high != nullptr ? sum.high : zeros;
  std::int64_t small = 1;
  for (int i = 0; i < n; ++i) {
    const std::int64_t carry = (lower[i] + half) >> (digit_bits - 1);  // what is left fits in real()
    const std::int64_t digit = lower[i] - (carry << (digit_bits - 1));
    const std::int64_t top = 2 * upper[i] + carry;
    small &= is_small(top) & is_small(upper[i]);
    const Pair pair = sum_of(real(top) * 0x1p51, real(digit));
    high[i] = pair.high * scale;
    low[i] = pair.low * scale;
  }
  return small != 0;
}

// high + low rounded once; sure if that holds for all numbers within `error` too.
XYLEM_INLINE double rounded(Pair x, double error, std::uint8_t& sure) {
  const double above = x.high + (x.low + error);
  const double below = x.high + (x.low - error);
  sure = above == below ? 1 : 0;
  return above;
}

// x / y, where y is no pair.
XYLEM_INLINE Pair quotient_of(Pair x, double y) {
  const double quotient = x.high / y;
  const Pair product = product_of(quotient, y);
  return {quotient, (((x.high - product.high) - product.low) + x.low) / y};
}

// Below that, products of two counts are doubles.
constexpr double many = 0x1p26;

bool is_moderate(int unit) { return std::abs(unit) <= 200; }

double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }

XYLEM_MULTIVERSION bool find_means(const SumDigits& sum, const std::int64_t* counts, int n, double scale, double* results,
                                   std::uint8_t* sure) {
  alignas(64) double high[n_max], low[n_max];
  if (!load(sum, n, 1, high, low)) return false;
  if (counts == nullptr) {
    for (int i = 0; i < n; ++i) {
      results[i] = high[i] * scale;
      sure[i] = 1;
    }
    return true;
  }
  constexpr std::int64_t most = std::int64_t{1} << 50;
  for (int i = 0; i < n; ++i) {
    const Pair mean = quotient_of({high[i], low[i]}, real(counts[i]));
    results[i] = rounded(mean, counts[i] < most ? tiny * std::fabs(mean.high) : all_of_it, sure[i]) * scale;
  }
  return true;
}

XYLEM_MULTIVERSION bool find_variances(const SumDigits& sum, const SumDigits& squares, double squares_scale,
                                       const std::int64_t* counts, double ddof, bool root, int n, double scale, double* results,
                                       std::uint8_t* sure) {
  alignas(64) double high[n_max], low[n_max], high2[n_max], low2[n_max], error[n_max];
  if (!load(sum, n, 1, high, low) || !load(squares, n, squares_scale, high2, low2)) return false;
  for (int i = 0; i < n; ++i) {
    const double count = real(counts[i]);
    const Pair square = product_of(high[i], high[i]);
    const Pair all = product_of(count, high2[i]);
    const double square_low = square.low + (2 * high[i] * low[i] + low[i] * low[i]);
    const double all_low = all.low + count * low2[i];
    const Pair difference = sum_of(all.high, -square.high);
    const Pair centered = sum_of(difference.high, difference.low + (all_low - square_low));
    // Nothing was rounded where sums are single doubles whose squares cancel.
    const bool is_zero = (centered.high == 0) & (low[i] == 0) & (low2[i] == 0) & (difference.high == 0);
    const double divisor = count * (count - ddof);
    const Pair variance = quotient_of(centered, divisor);
    high[i] = variance.high;
    low[i] = variance.low;
    const double bound = count < many ? tiny * ((all.high + square.high) / divisor) : all_of_it;
    error[i] = is_zero ? 0.0 : bound;
  }
  if (!root) {
    for (int i = 0; i < n; ++i) results[i] = rounded({high[i], low[i]}, error[i], sure[i]) * scale;
    return true;
  }
  for (int i = 0; i < n; ++i) {
    const double approximate = std::sqrt(high[i]);
    const Pair square = product_of(approximate, approximate);
    const double rest = ((high[i] - square.high) - square.low) + low[i];
    const double correction = 0.5 / approximate;
    const double result = rounded({approximate, rest * correction}, error[i] * correction + tiny * approximate, sure[i]) * scale;
    const bool is_zero = (high[i] == 0) & (error[i] == 0);
    results[i] = is_zero ? 0.0 : result;
    sure[i] = is_zero ? 1 : sure[i];
  }
  return true;
}

}  // namespace

void sure_means(const SumDigits& sum, const std::int64_t* counts, int n, double* results, std::uint8_t* sure) {
  XYLEM_EXPECT(n <= n_max, "a block of outputs");
  if (is_moderate(sum.unit) && find_means(sum, counts, n, power_of_two(sum.unit), results, sure)) return;
  for (int i = 0; i < n; ++i) sure[i] = 0;
}

void sure_variances(const SumDigits& sum, const SumDigits& squares, const std::int64_t* counts, int ddof, bool root, int n,
                    double* results, std::uint8_t* sure) {
  XYLEM_EXPECT(n <= n_max, "a block of outputs");
  const int shift = squares.unit - 2 * sum.unit;
  if (is_moderate(sum.unit) && is_moderate(shift) &&
      find_variances(sum, squares, power_of_two(shift), counts, ddof, root, n, power_of_two(root ? sum.unit : 2 * sum.unit),
                     results, sure)) {
    return;
  }
  for (int i = 0; i < n; ++i) sure[i] = 0;
}

}  // namespace xylem::detail
