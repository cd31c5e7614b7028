#include "xylem/kernels/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace xylem;

namespace {

double exact_sum(const std::vector<double>& values) {
  ExactSum sum(ExactSum::double_range);
  for (const double value : values) sum.add(value);
  return sum.round();
}

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

}  // namespace

// The cases of Python's test_math.testFsum, with the values that math.fsum gives.
TEST(ExactSum, RoundsKnownSumsAsPythonsFsum) {
  EXPECT_EQ(exact_sum({}), 0.0);
  EXPECT_EQ(exact_sum({1e100, 1.0, -1e100, 1e-100, 1e50, -1.0, -1e50}), 1e-100);
  EXPECT_EQ(exact_sum({0x1p53, -0.5, -0x1p-54}), 0x1p53 - 1.0);
  EXPECT_EQ(exact_sum({0x1p53, 1.0, 0x1p-100}), 0x1p53 + 2.0);
  EXPECT_EQ(exact_sum({0x1p53 + 10.0, 1.0, 0x1p-100}), 0x1p53 + 12.0);
  EXPECT_EQ(exact_sum({0x1p53 - 4.0, 0.5, 0x1p-54}), 0x1p53 - 3.0);
  EXPECT_EQ(exact_sum({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}), 1.0);
  EXPECT_EQ(exact_sum({1e16, 1.0, 1e-16}), 10000000000000002.0);
  EXPECT_EQ(exact_sum({1e16 - 2.0, 1.0 - 0x1p-53, -(1e16 - 2.0), -(1.0 - 0x1p-53)}), 0.0);
  std::vector<double> harmonic;
  for (int n = 1; n <= 1000; ++n) harmonic.push_back(1.0 / n);
  EXPECT_EQ(exact_sum(harmonic), 0x1.df11f45f4e61ap+2);
  std::vector<double> alternating;
  for (int n = 1; n <= 1000; ++n) alternating.push_back((n % 2 == 1 ? -1.0 : 1.0) / n);
  EXPECT_EQ(exact_sum(alternating), -0x1.62a2af1bd3624p-1);
}

TEST(ExactSum, EdgesOfTheRange) {
  EXPECT_EQ(exact_sum({kTiny, kTiny, -kTiny}), kTiny);
  EXPECT_EQ(exact_sum({kMax, kMax, -kMax, -kMax, -kTiny}), -kTiny);
  EXPECT_EQ(exact_sum({kMax, kMax}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(exact_sum({kMax, 0x1p969}), kMax);                                     // just below the tie
  EXPECT_EQ(exact_sum({kMax, 0x1p970}), std::numeric_limits<double>::infinity());  // the tie rounds to even, which is 2^1024
  EXPECT_EQ(exact_sum({-kMax, -0x1p970}), -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(std::signbit(exact_sum({-0.0, -0.0})));
}

TEST(ExactSum, SquaresAreExact) {
  ExactSum squares(ExactSum::double_range.squared());
  for (const double x : {kMax, kTiny, -0.1, 3e-200}) squares.add_square(x);
  // Take the squares away again through their parts: (h + l)^2 with h of 26 bits.
  ExactSum parts(ExactSum::double_range.squared());
  for (const double x : {-0.1, 3e-200}) {
    int exponent = 0;
    const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::fabs(std::frexp(x, &exponent)), 53));
    const std::int64_t high = mantissa >> 27;
    const std::int64_t low = mantissa & ((1 << 27) - 1);
    parts.add(high * high, 2 * (exponent - 53) + 54);
    parts.add(2 * high * low, 2 * (exponent - 53) + 27);
    parts.add(low * low, 2 * (exponent - 53));
  }
  parts.add(1, -2148);                     // denorm_min^2
  parts.add(std::int64_t{1} << 32, 2016);  // max^2 = (2^1024 - 2^971)^2 = 2^2048 - 2^1996 + 2^1942
  parts.add(-1, 1996);
  parts.add(1, 1942);
  squares.normalize();
  parts.normalize();
  EXPECT_TRUE(std::ranges::equal(squares.limbs(), parts.limbs()));
}

TEST(ExactSum, OrderAndGroupingDoNotMatter) {
  std::mt19937_64 random(7);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) {
    const double x = std::bit_cast<double>(random());
    if (std::isfinite(x)) values.push_back(x);
  }
  ExactSum whole(ExactSum::double_range);
  for (const double x : values) whole.add(x);
  whole.normalize();
  for (int round = 0; round < 10; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    std::vector<ExactSum> parts(7, ExactSum(ExactSum::double_range));
    for (const double x : values) parts[random() % parts.size()].add(x);
    ExactSum merged(ExactSum::double_range);
    for (const ExactSum& part : parts) merged.add_limbs(part.limbs());
    EXPECT_TRUE(std::ranges::equal(merged.limbs(), whole.limbs()));
  }
}

TEST(ExactSum, MultiplesEqualRepeatedSums) {
  for (const double x : {0.1, -0.1, kMax, -kMax, kTiny, -kTiny}) {
    ExactSum one(ExactSum::double_range);
    one.add(x);
    ExactSum multiple(ExactSum::double_range);
    ExactSum repeated(ExactSum::double_range);
    multiple.add_multiple(one, 1000);
    for (int i = 0; i < 1000; ++i) repeated.add(x);
    multiple.normalize();
    repeated.normalize();
    EXPECT_TRUE(std::ranges::equal(multiple.limbs(), repeated.limbs())) << x;
    // 2^62 of them, and their opposite, leave nothing.
    ExactSum opposite(ExactSum::double_range);
    opposite.add(-x);
    ExactSum zero(ExactSum::double_range);
    zero.add_multiple(one, std::uint64_t{1} << 62);
    zero.add_multiple(opposite, std::uint64_t{1} << 62);
    zero.normalize();
    EXPECT_TRUE(std::ranges::all_of(zero.limbs(), [](auto limb) { return limb == 0; })) << x;
  }
}

TEST(ExactSum, SumsOfNormalizedLimbsMerge) {
  ExactSum one(ExactSum::double_range);
  one.add(-kMax);
  one.add(0.1);
  one.normalize();
  std::vector<std::int64_t> limbs(one.limbs().begin(), one.limbs().end());
  for (auto& limb : limbs) limb *= std::int64_t{1} << 30;  // as many ranks
  ExactSum merged(ExactSum::double_range);
  merged.add_limbs(limbs);
  ExactSum expected(ExactSum::double_range);
  expected.add_multiple(one, std::uint64_t{1} << 30);
  expected.normalize();
  EXPECT_TRUE(std::ranges::equal(merged.limbs(), expected.limbs()));
}
