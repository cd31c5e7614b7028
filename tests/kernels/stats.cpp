#include "xylem/kernels/stats.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "xylem/kernels/reference.hpp"
#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

class KokkosEnvironment : public ::testing::Environment {
  void SetUp() override { Kokkos::initialize(); }
  void TearDown() override { Kokkos::finalize(); }
};
const auto* const kKokkos = ::testing::AddGlobalTestEnvironment(new KokkosEnvironment);

using Random = std::mt19937_64;
using Bytes = std::vector<std::byte>;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The text of a number, exact to the bit.
std::string text(double x) { return std::isnan(x) ? "nan" : fmt::format("{:a}", x); }
std::string text(const std::optional<double>& x) { return x ? text(*x) : "none"; }
std::string text(const std::optional<Number>& number) {
  if (!number) return "none";
  if (const auto* real = std::get_if<double>(&*number)) return text(*real);
  if (const auto* integer = std::get_if<std::int64_t>(&*number)) return fmt::format("{}", *integer);
  return fmt::format("{}u", std::get<std::uint64_t>(*number));
}
std::string text(const Stats& stats) {
  return fmt::format("integral {} count {} missing {} min {} max {} sum {} ({}) mean {} std {}", stats.integral, stats.count,
                     stats.missing, text(stats.min), text(stats.max), text(stats.sum), stats.integer_sum, text(stats.mean),
                     text(stats.std));
}

DType real(int size, bool big_endian = false) { return {TypeClass::floating, size, big_endian}; }
DType integer(int size, bool big_endian = false) { return {TypeClass::integer, size, big_endian}; }
DType uinteger(int size, bool big_endian = false) { return {TypeClass::uinteger, size, big_endian}; }

// The bits of a double in float16, truncated: good enough to make test data with.
std::uint16_t half_bits(double x) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(x) ? 0x8000 : 0);
  if (std::isnan(x)) return 0x7e01;
  const double magnitude = std::fabs(x);
  if (magnitude > 65504) return sign | 0x7c00;
  if (magnitude < 0x1p-14) return sign | static_cast<std::uint16_t>(std::ldexp(magnitude, 24));
  const int exponent = std::ilogb(magnitude);
  return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) |
                                    (static_cast<int>(std::ldexp(magnitude, 10 - exponent)) & 0x3ff));
}

void append(Bytes& bytes, const DType& dtype, std::uint64_t bits) {
  for (int i = 0; i < dtype.size; ++i)
    bytes.push_back(static_cast<std::byte>(bits >> 8 * (dtype.big_endian ? dtype.size - 1 - i : i)));
}

void append_real(Bytes& bytes, const DType& dtype, double x) {
  if (dtype.size == 2) return append(bytes, dtype, half_bits(x));
  if (dtype.size == 4) return append(bytes, dtype, std::bit_cast<std::uint32_t>(static_cast<float>(x)));
  append(bytes, dtype, std::bit_cast<std::uint64_t>(x));
}

Bytes reals(const DType& dtype, const std::vector<double>& values) {
  Bytes bytes;
  for (const double x : values) append_real(bytes, dtype, x);
  return bytes;
}

Bytes integers(const DType& dtype, const std::vector<std::int64_t>& values) {
  Bytes bytes;
  for (const auto x : values) append(bytes, dtype, static_cast<std::uint64_t>(x));
  return bytes;
}

Stats stats_of(const DType& dtype, const Bytes& bytes, const CfDecoding& decoding = {}) {
  StatsAccumulator accumulator(dtype, decoding);
  accumulator.update(bytes.data(), static_cast<std::int64_t>(bytes.size()) / dtype.size);
  return accumulator.finalize();
}

// Elements of one of several distributions, chosen to drive tiles down every path of the kernels.
Bytes random_elements(Random& random, const DType& dtype, std::int64_t n, std::string& name) {
  std::normal_distribution<double> normal;
  const auto uniform = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
  Bytes bytes;
  if (dtype.type_class != TypeClass::floating) {
    const auto kind = random() % 4;
    name = std::vector<std::string>{"any bits", "small", "extremes", "constant"}[kind];
    const std::uint64_t one = random();
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint64_t extremes[] = {0, ~std::uint64_t{0}, std::uint64_t{1} << (8 * dtype.size - 1),
                                        (std::uint64_t{1} << (8 * dtype.size - 1)) - 1};
      append(bytes, dtype, kind == 0 ? random() : kind == 1 ? random() % 7 - 3 : kind == 2 ? extremes[random() % 4] : one);
    }
    return bytes;
  }
  const double width = uniform(0, dtype.size == 2 ? 15 : dtype.size == 4 ? 120 : 520);
  const double max = dtype.size == 2   ? 65504
                     : dtype.size == 4 ? std::numeric_limits<float>::max()
                                       : std::numeric_limits<double>::max();
  const double tiny = dtype.size == 2 ? 0x1p-24 : dtype.size == 4 ? 0x1p-149 : 0x1p-1074;
  const double constant = normal(random);
  const auto kind = random() % 11;
  name = std::vector<std::string>{"normal",  "wide",       "subnormal", "huge",     "offset", "constant",
                                  "missing", "infinities", "zeros",     "any bits", "mixed"}[kind];
  for (std::int64_t i = 0; i < n; ++i) {
    switch (kind == 10 ? random() % 9 : kind) {
      case 0: append_real(bytes, dtype, normal(random)); break;
      case 1: append_real(bytes, dtype, normal(random) * std::exp2(uniform(-width, width))); break;
      case 2: append_real(bytes, dtype, std::floor(normal(random) * 100) * tiny); break;
      case 3: append_real(bytes, dtype, max * uniform(-1, 1)); break;
      case 4: append_real(bytes, dtype, 1e9 + normal(random)); break;
      case 5: append_real(bytes, dtype, constant); break;
      case 6: append_real(bytes, dtype, kNan); break;
      case 7:
        append_real(bytes, dtype, random() % 50 == 0 ? (random() % 2 == 0 ? kInf : constant < 0 ? -kInf : kInf) : normal(random));
        break;
      case 8: append_real(bytes, dtype, random() % 2 == 0 ? -0.0 : 0.0); break;
      default: append(bytes, dtype, random()); break;
    }
  }
  return bytes;
}

Number random_packed(Random& random, const DType& dtype, const Bytes& bytes) {
  // A value that occurs, so that masks bite: read through a one-element accumulator.
  StatsAccumulator one(dtype, {});
  if (!bytes.empty()) {
    const std::size_t i = random() % (bytes.size() / static_cast<std::size_t>(dtype.size)) * static_cast<std::size_t>(dtype.size);
    one.update(bytes.data() + i, 1);
  }
  const Stats stats = one.finalize();
  if (stats.min) return *stats.min;
  if (dtype.type_class == TypeClass::floating) return 1.0;
  if (dtype.type_class == TypeClass::integer) return std::int64_t{-1};
  return std::uint64_t{1};
}

CfDecoding random_decoding(Random& random, const DType& stored, const Bytes& bytes) {
  CfDecoding decoding;
  if (random() % 2 == 0) return decoding;
  if (stored.type_class == TypeClass::integer && random() % 4 == 0) decoding.signedness = CfDecoding::Signedness::as_unsigned;
  if (stored.type_class == TypeClass::uinteger && random() % 4 == 0) decoding.signedness = CfDecoding::Signedness::as_signed;
  const DType packed = packed_dtype(stored, decoding);
  for (auto i = random() % 3; i > 0; --i) decoding.missing.push_back(random_packed(random, packed, bytes));
  if (random() % 3 == 0) decoding.valid_min = random_packed(random, packed, bytes);
  if (random() % 3 == 0) decoding.valid_max = random_packed(random, packed, bytes);
  if (random() % 2 == 0) {
    const std::vector<double> factors{0.01, -0.01, 1.0, 0.0, 0.5, double{0.1F}, 1e-9, 1e300, -1e308, 1e-320, 1e-200};
    const std::vector<double> offsets{0.0, 273.15, -0.0, 1e9, 1.5, double{-3.3F}, 1e308, -1e-300};
    decoding.scaled = true;
    decoding.scale_factor = factors[random() % factors.size()];
    decoding.add_offset = offsets[random() % offsets.size()];
    const auto bound = [&] {
      const double x = std::visit([](auto v) { return static_cast<double>(v); }, random_packed(random, packed, bytes));
      return x * decoding.scale_factor + decoding.add_offset;
    };
    if (random() % 3 == 0) decoding.unpacked_min = bound();
    if (random() % 3 == 0) decoding.unpacked_max = bound();
    if (decoding.unpacked_min && std::isnan(*decoding.unpacked_min)) decoding.unpacked_min.reset();
    if (decoding.unpacked_max && std::isnan(*decoding.unpacked_max)) decoding.unpacked_max.reset();
  }
  return decoding;
}

const std::vector<DType>& all_types() {
  static const std::vector<DType> types = [] {
    std::vector<DType> result{{TypeClass::boolean, 1}, integer(1), uinteger(1)};
    for (const bool big_endian : {false, true}) {
      for (const int size : {2, 4, 8}) {
        result.push_back(integer(size, big_endian));
        result.push_back(uinteger(size, big_endian));
        result.push_back(real(size, big_endian));
      }
    }
    return result;
  }();
  return types;
}

PackedStats reduce(const std::vector<PackedStats>& parts) {
  PackedStats total = parts[0];
  for (std::size_t p = 1; p < parts.size(); ++p) {
    for (std::size_t i = 0; i < total.add.size(); ++i) total.add[i] += parts[p].add[i];
    for (std::size_t i = 0; i < total.min.size(); ++i) total.min[i] = std::min(total.min[i], parts[p].min[i]);
  }
  return total;
}

}  // namespace

TEST(Stats, EqualTheReferenceToTheBitInAnyOrderAndGrouping) {
  Random random(20240607);
  for (int round = 0; round < 40; ++round) {
    for (const DType& dtype : all_types()) {
      std::int64_t n = static_cast<std::int64_t>(random() % 300);
      if (round % 8 == 1) n = static_cast<std::int64_t>(random() % 20000);
      std::string name;
      const Bytes bytes = random_elements(random, dtype, n, name);
      const CfDecoding decoding = random_decoding(random, dtype, bytes);
      SCOPED_TRACE(fmt::format("round {} {}{} n {} {} missing {} scaled {} {} {}", round, dtype.name(),
                               dtype.big_endian ? "BE" : "", n, name, decoding.missing.size(), decoding.scaled,
                               decoding.scale_factor, decoding.add_offset));
      const std::string expected = text(reference_stats(dtype, decoding, bytes.data(), n));
      StatsAccumulator whole(dtype, decoding);
      whole.update(bytes.data(), n);
      ASSERT_EQ(text(whole.finalize()), expected);

      // Blocks of random lengths, dealt to accumulators in random order, merged as ranks and as threads merge.
      std::vector<std::pair<std::int64_t, std::int64_t>> blocks;
      for (std::int64_t start = 0; start < n;) {
        const auto length = std::min<std::int64_t>(n - start, 1 + static_cast<std::int64_t>(random() % 3000));
        blocks.emplace_back(start, length);
        start += length;
      }
      std::shuffle(blocks.begin(), blocks.end(), random);
      std::vector<StatsAccumulator> ranks(1 + random() % 4, StatsAccumulator(dtype, decoding));
      for (const auto& [start, length] : blocks) ranks[random() % ranks.size()].update(bytes.data() + start * dtype.size, length);
      std::vector<PackedStats> packed;
      for (const auto& rank : ranks) packed.push_back(rank.pack());
      ASSERT_EQ(text(StatsAccumulator(dtype, decoding, reduce(packed)).finalize()), expected);
      StatsAccumulator combined(dtype, decoding);
      for (const auto& rank : ranks) combined.combine(rank);
      ASSERT_EQ(text(combined.finalize()), expected);
      ASSERT_EQ(combined.pack().add, whole.pack().add);
    }
  }
}

// Narrow tiles at every magnitude: where squares leave the range of doubles, and where products of pieces do.
TEST(Stats, EqualTheReferenceAtEveryMagnitude) {
  Random random(11);
  for (int exponent = -1074; exponent <= 1023; exponent += std::abs(std::abs(exponent) - 512) < 60 ? 1 : 13) {
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) {
      values.push_back(
          std::ldexp(std::uniform_real_distribution<double>(-2, 2)(random), exponent - static_cast<int>(random() % 4)));
    }
    const Bytes bytes = reals(real(8), values);
    ASSERT_EQ(text(stats_of(real(8), bytes)), text(reference_stats(real(8), {}, bytes.data(), 40))) << exponent;
  }
}

// 2^53 + 1 lies in the middle of two doubles; one more element moves mean or std off the middle by less than 64 bits can tell.
TEST(Stats, ResultsNearTheMiddleOfTwoDoubles) {
  const std::int64_t high = (std::int64_t{1} << 54) + 2;
  StatsAccumulator middle(integer(8), {});
  middle.update_constant(integers(integer(8), {0}).data(), std::int64_t{1} << 61);
  middle.update_constant(integers(integer(8), {high}).data(), std::int64_t{1} << 61);
  EXPECT_EQ(middle.finalize().mean, 0x1p53);  // ties to even
  EXPECT_EQ(middle.finalize().std, 0x1p53);
  StatsAccumulator above = middle;
  above.update(integers(integer(8), {high + 1}).data(), 1);
  EXPECT_EQ(above.finalize().std, 0x1p53 + 2);
  StatsAccumulator below = middle;
  below.update(integers(integer(8), {1}).data(), 1);
  EXPECT_EQ(below.finalize().std, 0x1p53);
  StatsAccumulator beside = middle;
  beside.update(integers(integer(8), {high / 2 + 1}).data(), 1);
  EXPECT_EQ(beside.finalize().mean, 0x1p53 + 2);
}

TEST(Stats, ConstantRegionsEqualRepeatedElements) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    for (const DType& dtype : all_types()) {
      std::string name;
      const Bytes before = random_elements(random, dtype, 20, name);
      const Bytes element = random_elements(random, dtype, 1, name);
      const CfDecoding decoding = random_decoding(random, dtype, element);
      const auto times = static_cast<std::int64_t>(random() % 3000);
      Bytes repeated;
      for (std::int64_t i = 0; i < times; ++i) repeated.insert(repeated.end(), element.begin(), element.end());
      StatsAccumulator constant(dtype, decoding);
      StatsAccumulator plain(dtype, decoding);
      constant.update(before.data(), 20);
      constant.update_constant(element.data(), times);
      plain.update(repeated.data(), times);
      plain.update(before.data(), 20);
      ASSERT_EQ(text(constant.finalize()), text(plain.finalize())) << dtype.name() << " " << name;
      ASSERT_EQ(constant.pack().add, plain.pack().add);
      ASSERT_EQ(constant.pack().min, plain.pack().min);
    }
  }
}

TEST(Stats, HugeConstantRegions) {
  const std::int64_t times = std::int64_t{1} << 62;
  const Bytes low = reals(real(8), {-0.1});
  const Bytes high = reals(real(8), {0.7});
  StatsAccumulator one(real(8), {});
  one.update_constant(high.data(), times);
  EXPECT_EQ(one.finalize().mean, 0.7);
  EXPECT_EQ(one.finalize().std, 0.0);
  EXPECT_EQ(one.finalize().sum, 0.7 * 0x1p62);
  EXPECT_EQ(one.finalize().count, times);

  StatsAccumulator both(real(8), {});
  both.update_constant(low.data(), times / 2);
  both.update_constant(high.data(), times / 2);
  EXPECT_EQ(both.finalize().mean, (0.7 - 0.1) / 2);  // one rounding, and a halving that is exact
  EXPECT_EQ(both.finalize().std, (0.7 + 0.1) / 2);

  const Bytes least = integers(integer(8), {std::numeric_limits<std::int64_t>::min()});
  StatsAccumulator integers_(integer(8), {});
  integers_.update_constant(least.data(), times);
  EXPECT_EQ(integers_.finalize().integer_sum, "-42535295865117307932921825928971026432");  // -2^125
  EXPECT_EQ(integers_.finalize().mean, -0x1p63);
  EXPECT_EQ(integers_.finalize().std, 0.0);
}

TEST(Stats, IllConditionedSums) {
  const Stats cancelled = stats_of(real(8), reals(real(8), {1e100, 1.0, -1e100}));
  EXPECT_EQ(cancelled.sum, 1.0);
  EXPECT_EQ(cancelled.mean, 1.0 / 3.0);

  // Around 1e9 with unit spread: 1e9 - 1, 1e9 + 1 over and over; E[x^2] - E[x]^2 in doubles loses every digit.
  std::vector<double> values;
  for (int i = 0; i < 10000; ++i) values.push_back(i % 2 == 0 ? 1e9 - 1 : 1e9 + 1);
  EXPECT_EQ(stats_of(real(8), reals(real(8), values)).std, 1.0);
  EXPECT_EQ(stats_of(real(8), reals(real(8), values)).mean, 1e9);

  // A sum of x and -x in random order, with one 2^-1000 left over.
  Random random(3);
  std::normal_distribution<double> normal;
  values.clear();
  for (int i = 0; i < 3000; ++i) {
    values.push_back(normal(random) * std::exp2(static_cast<double>(random() % 400) - 200));
    values.push_back(-values.back());
  }
  values.push_back(0x1p-1000);
  std::shuffle(values.begin(), values.end(), random);
  EXPECT_EQ(stats_of(real(8), reals(real(8), values)).sum, 0x1p-1000);
}

TEST(Stats, FloatsAtTheEdges) {
  constexpr double kMax = std::numeric_limits<double>::max();
  const Stats huge = stats_of(real(8), reals(real(8), {kMax, kMax, kMax, kMax}));
  EXPECT_EQ(huge.sum, kInf);
  EXPECT_EQ(huge.mean, kMax);
  EXPECT_EQ(huge.std, 0.0);
  EXPECT_EQ(stats_of(real(8), reals(real(8), {kMax, -kMax})).std, kMax);
  EXPECT_EQ(stats_of(real(8), reals(real(8), {0x1p-1074, 0x1p-1074, 0x1p-1074})).mean, 0x1p-1074);

  const Stats zeros = stats_of(real(8), reals(real(8), {0.0, -0.0, 0.0}));
  EXPECT_TRUE(std::signbit(std::get<double>(*zeros.min)));
  EXPECT_FALSE(std::signbit(std::get<double>(*zeros.max)));
  EXPECT_FALSE(std::signbit(stats_of(real(8), reals(real(8), {-0.0})).sum));

  const Stats plus = stats_of(real(4), reals(real(4), {1, kInf, 2, kNan}));
  EXPECT_EQ(plus.count, 3);
  EXPECT_EQ(plus.missing, 1);
  EXPECT_EQ(plus.sum, kInf);
  EXPECT_EQ(plus.mean, kInf);
  EXPECT_EQ(plus.max, Number(kInf));
  EXPECT_EQ(plus.min, Number(1.0));
  EXPECT_FALSE(plus.std);
  const Stats both = stats_of(real(4), reals(real(4), {kInf, -kInf}));
  EXPECT_TRUE(std::isnan(both.sum));
  EXPECT_TRUE(both.mean && std::isnan(*both.mean));
  EXPECT_FALSE(both.std);

  const Stats none = stats_of(real(4), reals(real(4), {kNan, kNan}));
  EXPECT_EQ(none.count, 0);
  EXPECT_EQ(none.missing, 2);
  EXPECT_EQ(none.sum, 0.0);
  EXPECT_FALSE(none.min || none.max || none.mean || none.std);
}

TEST(Stats, IntegersStayExactBeyond64Bits) {
  const auto low = std::numeric_limits<std::int64_t>::min();
  const Stats stats = stats_of(integer(8), integers(integer(8), {low, low, low}));
  EXPECT_TRUE(stats.integral);
  EXPECT_EQ(stats.integer_sum, "-27670116110564327424");
  EXPECT_EQ(stats.min, Number(low));
  EXPECT_EQ(stats.mean, -0x1p63);
  const Stats ones = stats_of(uinteger(8), integers(uinteger(8), {-1, -1, -1}));
  EXPECT_EQ(ones.integer_sum, "55340232221128654845");
  EXPECT_EQ(ones.max, Number(std::numeric_limits<std::uint64_t>::max()));
  // 2^53 + 1 and 0: the mean 2^52 + 1/2 is a double, though the sum is not.
  EXPECT_EQ(stats_of(integer(8), integers(integer(8), {(std::int64_t{1} << 53) + 1, 0})).mean, 0x1p52 + 0.5);
  const Stats truth = stats_of({TypeClass::boolean, 1}, integers({TypeClass::boolean, 1}, {1, 0, 1, 1}));
  EXPECT_EQ(truth.integer_sum, "3");
  EXPECT_EQ(truth.mean, 0.75);
}

TEST(Stats, HalfPrecisionReadsEveryBitPattern) {
  // All finite float16: symmetric, so the sum is zero.
  Bytes bytes;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) != 0x7c00) append(bytes, real(2), bits);
  }
  const Stats stats = stats_of(real(2), bytes);
  EXPECT_EQ(stats.count, 63488);
  EXPECT_EQ(stats.sum, 0.0);
  EXPECT_EQ(stats.max, Number(65504.0));
  EXPECT_EQ(text(stats), text(reference_stats(real(2), {}, bytes.data(), 63488)));
}

TEST(Stats, TakesNumbersOnly) {
  EXPECT_THROW(StatsAccumulator({TypeClass::string, 8}, {}), UsageError);
  StatsAccumulator empty(real(8), {});
  empty.update(nullptr, 0);
  EXPECT_EQ(empty.finalize().count, 0);
}
