#include "xylem/model/runs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "xylem/model/half.hpp"
#include "xylem/model/label_values.hpp"

using namespace xylem;

namespace {

// The places of a box's elements, one by one.
std::vector<std::int64_t> places(const Shape& shape, const Box& box) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < box.size(); ++i) {
    std::int64_t place = 0, rest = i, stride = 1;
    for (std::size_t d = shape.size(); d-- > 0; rest /= box.count[d], stride *= shape[d])
      place += (box.start[d] + rest % box.count[d]) * stride;
    result.push_back(place);
  }
  return result;
}

TEST(Runs, CoverTheBoxInOrder) {
  std::mt19937 random(1);
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  for (int trial = 0; trial < 3000; ++trial) {
    Shape shape(static_cast<std::size_t>(below(5)));
    Box box;
    for (std::int64_t& extent : shape) {
      extent = below(5);
      const bool whole = below(2) == 0;
      box.start.push_back(whole ? 0 : below(extent + 1));
      box.count.push_back(whole ? extent : below(extent - box.start.back() + 1));
    }
    std::vector<std::int64_t> found;
    for_each_run(shape, box, [&](std::int64_t first, std::int64_t count) {
      ASSERT_GT(count, 0);
      for (std::int64_t i = 0; i < count; ++i) found.push_back(first + i);
    });
    EXPECT_EQ(found, places(shape, box)) << format_shape(shape) << " " << format_box(box);
  }
}

TEST(Runs, AreAsLongAsTheyCanBe) {
  int runs = 0;
  for_each_run({4, 3, 5}, {{1, 0, 0}, {2, 3, 5}}, [&](std::int64_t first, std::int64_t count) {
    ++runs;
    EXPECT_EQ(first, 15);
    EXPECT_EQ(count, 30);
  });
  EXPECT_EQ(runs, 1);
}

TEST(Half, IsWhatItsFieldsSay) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float found = widen_half(static_cast<std::uint16_t>(bits));
    EXPECT_EQ(std::signbit(found), bits >> 15 == 1);
    if (exponent == 31) {
      EXPECT_TRUE(fraction == 0 ? std::isinf(found) : std::isnan(found));
    } else {
      const double value =
          exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
      EXPECT_EQ(std::fabs(found), value);
    }
  }
}

TEST(LabelValues, AreComparedAsNumbersOrText) {
  using Integers = std::vector<std::int64_t>;
  using Reals = std::vector<double>;
  using Strings = std::vector<std::string>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(first_difference(Integers{1, 2}, Reals{1, 2}));
  EXPECT_FALSE(first_difference(Reals{1, nan}, Reals{1, nan}));
  EXPECT_EQ(first_difference(Integers{1, 2, 3}, Integers{1, 3, 3}), 1U);
  EXPECT_EQ(first_difference(Strings{"1"}, Integers{1}), 0U);
  EXPECT_FALSE(first_difference(Strings{"a"}, Strings{"a"}));
  EXPECT_EQ(size_of(Strings{"a", "b"}), 2U);
  EXPECT_EQ(format_label(Integers{1, -2}, 1) + format_label(Reals{0.5}, 0) + format_label(Strings{"a"}, 0), "-20.5\"a\"");
}

}  // namespace
