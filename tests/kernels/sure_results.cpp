#include "detail/sure_results.hpp"

#include <gtest/gtest.h>

#include "kernels/accumulate_oracle.hpp"

namespace xylem {
namespace {

constexpr int kOutputs = detail::max_sure_results;

// Sums in one or two digits, as they come of additions: carries may wait in the lower one.
struct Digits {
  std::vector<std::int64_t> low, high;
  int unit;

  [[nodiscard]] detail::SumDigits view() const { return {low.data(), high.empty() ? nullptr : high.data(), unit}; }
  [[nodiscard]] BigInt units(std::size_t i) const { return (high.empty() ? BigInt(0) : BigInt(high[i]) << 52) + low[i]; }
};

std::int64_t random_integer(int bits, Random& random) {
  const auto magnitude = static_cast<std::int64_t>(random() >> (64 - std::uniform_int_distribution<int>(1, bits)(random)));
  return random() % 2 == 0 ? magnitude : -magnitude;
}

Digits random_digits(Random& random) {
  Digits digits{std::vector<std::int64_t>(kOutputs), {}, std::uniform_int_distribution<int>(-90, 60)(random)};
  const int bits = random() % 2 == 0 ? 62 : 20;
  for (std::int64_t& digit : digits.low) digit = random_integer(bits, random);
  if (random() % 2 == 0) {
    digits.high.resize(kOutputs);
    for (std::int64_t& digit : digits.high) digit = random_integer(48, random);
  }
  return digits;
}

// What is said to be sure is right.
void expect_right(const std::vector<double>& results, const std::vector<std::uint8_t>& sure, double fewest,
                  const std::function<double(std::size_t)>& exact) {
  int found = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (sure[i] == 0) continue;
    ++found;
    ASSERT_TRUE(same(results[i], exact(i))) << i << ": " << results[i] << " and exactly " << exact(i);
  }
  EXPECT_GE(found, fewest * kOutputs);
}

TEST(SureResults, SumsAndMeansAreTheRoundedOnes) {
  Random random(1);
  std::vector<double> results(kOutputs);
  std::vector<std::uint8_t> sure(kOutputs);
  for (int round = 0; round < 30; ++round) {
    const Digits sum = random_digits(random);
    std::vector<std::int64_t> counts(kOutputs);
    for (std::int64_t& count : counts) count = 1 + std::abs(random_integer(round % 2 == 0 ? 6 : 52, random));
    const auto exact = [&](std::size_t i, const BigInt& count) {
      const BigInt units = sum.units(i) << (sum.unit + 100);
      return nearest_quotient(units, count, 100);
    };
    detail::sure_means(sum.view(), nullptr, kOutputs, results.data(), sure.data());
    expect_right(results, sure, 1, [&](std::size_t i) { return exact(i, 1); });
    detail::sure_means(sum.view(), counts.data(), kOutputs, results.data(), sure.data());
    expect_right(results, sure, round % 2 == 0 ? 0.95 : 0.5, [&](std::size_t i) { return exact(i, counts[i]); });
  }
}

// Sums over a few integers of `bits` bits around `center`: their squares' sums cancel.
TEST(SureResults, VariancesAreTheRoundedOnes) {
  Random random(2);
  std::vector<double> results(kOutputs);
  std::vector<std::uint8_t> sure(kOutputs);
  for (int round = 0; round < 60; ++round) {
    const int unit = std::uniform_int_distribution<int>(-40, 10)(random), bits = 1 + round % 22;
    const std::int64_t center = round % 3 == 0 ? 0 : random_integer(23, random);
    Digits sum{std::vector<std::int64_t>(kOutputs), {}, unit};
    Digits squares{std::vector<std::int64_t>(kOutputs), std::vector<std::int64_t>(kOutputs), 2 * unit};
    std::vector<std::int64_t> counts(kOutputs);
    for (std::size_t i = 0; i < kOutputs; ++i) {
      counts[i] = static_cast<std::int64_t>(2 + random() % 30);
      for (std::int64_t k = 0; k < counts[i]; ++k) {
        const std::int64_t x = center + (round % 7 == 0 ? 0 : random_integer(bits, random));
        sum.low[i] += x;
        squares.low[i] += x * x;
      }
      squares.high[i] = squares.low[i] >> 52;
      squares.low[i] -= squares.high[i] << 52;
    }
    for (const bool root : {false, true}) {
      const int ddof = round % 2;
      detail::sure_variances(sum.view(), squares.view(), counts.data(), ddof, root, kOutputs, results.data(), sure.data());
      expect_right(results, sure, 0.9, [&](std::size_t i) {
        const BigInt n = counts[i], s = sum.units(i);
        const BigInt centered = BigInt(n * squares.units(i) - s * s) << (2 * unit + 100);
        return root ? nearest_root(centered, n * (n - ddof), 100) : nearest_quotient(centered, n * (n - ddof), 100);
      });
    }
  }
}

// A result in the middle of two doubles, or as good as there, is left to others.
TEST(SureResults, WhatCannotBeToldIsUnsure) {
  const std::int64_t middle = (std::int64_t{1} << 55) + 4;  // a quarter of it is 2^53 + 1
  const std::int64_t lows[] = {middle, 3}, highs[] = {0, std::int64_t{1} << 55}, counts[] = {4, std::int64_t{1} << 51};
  double results[2];
  std::uint8_t sure[2];
  detail::sure_means({lows, nullptr, 0}, counts, 1, results, sure);
  EXPECT_EQ(sure[0], 0);
  detail::sure_means({lows, highs, 0}, nullptr, 2, results, sure);
  EXPECT_EQ(sure[1], 0);
  detail::sure_means({lows + 1, nullptr, 0}, counts + 1, 1, results, sure);
  EXPECT_EQ(sure[0], 0);
  detail::sure_means({lows + 1, nullptr, 900}, nullptr, 1, results, sure);
  EXPECT_EQ(sure[0], 0);
}

}  // namespace
}  // namespace xylem
