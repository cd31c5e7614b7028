#include "xylem/output/result_table.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace {

AttributeValue text(const std::string& value) { return {.data = std::vector<std::string>{value}}; }

template <class T>
std::vector<std::byte> bytes(const std::vector<T>& values) {
  const auto all = std::as_bytes(std::span(values));
  return {all.begin(), all.end()};
}

template <class T>
std::string print(const ResultVariable& variable, const std::vector<T>& values) {
  return format_results({variable}, {bytes(values)}, "");
}

TEST(Table, Scalars) {
  ResultVariable mean{.name = "mean", .attributes = {{"units", text("K")}}};
  EXPECT_EQ(print<double>(mean, {287.25}), "mean = 287.25 K\n");
  mean.coords = {{"time", {}, std::vector<std::int64_t>{5}, {}}, {"site", {}, std::vector<std::string>{"Kiel"}, {}}};
  EXPECT_EQ(print<double>(mean, {0.1}), "mean = 0.1 K  (time = 5, site = Kiel)\n");
  const auto scalar = [](ElementType type) { return ResultVariable{.name = "v", .dtype = type}; };
  EXPECT_EQ(print<double>(scalar(ElementType::float64), {1.0 / 3}), "v = 0.3333333333333333\n");
  EXPECT_EQ(print<float>(scalar(ElementType::float32), {0.1F}), "v = 0.1\n");
  EXPECT_EQ(print<float>(scalar(ElementType::float32), {16777216}), "v = 16777216.0\n");
  EXPECT_EQ(print<std::uint16_t>(scalar(ElementType::float16), {0x2e66}), "v = 0.1\n");
  EXPECT_EQ(print<std::uint16_t>(scalar(ElementType::float16), {0xfc00}), "v = -inf\n");
  EXPECT_EQ(print<double>(scalar(ElementType::float64), {std::numeric_limits<double>::quiet_NaN()}), "v = nan\n");
  EXPECT_EQ(print<std::int8_t>(scalar(ElementType::int8), {-5}), "v = -5\n");
  EXPECT_EQ(print<std::uint64_t>(scalar(ElementType::uint64), {~std::uint64_t{0}}), "v = 18446744073709551615\n");
  EXPECT_EQ(print<std::uint8_t>(scalar(ElementType::boolean), {1}), "v = true\n");
}

TEST(Table, Lists) {
  ResultVariable v{.name = "v", .dims = {"lat"}, .shape = {3}, .attributes = {{"units", text("K")}}};
  v.coords = {{"lat", {"lat"}, std::vector<double>{-45.5, 0, 5}, {}}, {"level", {}, std::vector<double>{850}, {}}};
  EXPECT_EQ(print<double>(v, {1.5, 20, -300.25}),
            "v (lat: 3) float64, K  (level = 850.0)\n"
            "    lat        v\n"
            "  -45.5      1.5\n"
            "    0.0     20.0\n"
            "    5.0  -300.25\n");
  v.coords.clear();
  v.attributes.clear();
  v.dtype = ElementType::int32;
  EXPECT_EQ(print<std::int32_t>(v, {7, 8, 9}), "v (lat: 3) int32\n  lat  v\n    0  7\n    1  8\n    2  9\n");
  v.shape = {0};
  EXPECT_EQ(print<std::int32_t>(v, {}), "v (lat: 0) int32\n  lat  v\n");
}

TEST(Table, Grids) {
  ResultVariable v{.name = "v", .dims = {"süd", "x"}, .shape = {2, 3}, .dtype = ElementType::int64};
  v.coords = {{"süd", {"süd"}, std::vector<std::string>{"an", "b"}, {}}};
  EXPECT_EQ(print<std::int64_t>(v, {1, 2, 3, 40, 50, 60}),
            "v (süd: 2, x: 3) int64\n"
            "  süd \\ x   0   1   2\n"
            "       an   1   2   3\n"
            "        b  40  50  60\n");
}

TEST(Table, SaysWhereLargeResultsAre) {
  const ResultVariable large{.name = "t", .dims = {"time", "x"}, .shape = {800, 90}, .dtype = ElementType::float32};
  const ResultVariable mean{.name = "m"};
  EXPECT_FALSE(is_printed_whole(large));
  EXPECT_FALSE(is_printed_whole({.dims = {"a"}, .shape = {41}}));
  EXPECT_FALSE(is_printed_whole({.dims = {"a", "b", "c"}, .shape = {1, 1, 1}}));
  EXPECT_TRUE(is_printed_whole({.dims = {"a", "b"}, .shape = {20, 10}}));
  EXPECT_EQ(format_results({large, mean}, {std::nullopt, bytes<double>({1})}, "out.nc"),
            "t (time: 800, x: 90) float32: in out.nc\nm = 1.0\n");
  EXPECT_EQ(format_results({large}, {std::nullopt}, ""),
            "t (time: 800, x: 90) float32: too large to be printed; write it to a file with -o\n");
}

TEST(Collector, BringsPiecesTogether) {
  const ResultVariable grid{.name = "g", .dims = {"y", "x"}, .shape = {4, 6}, .dtype = ElementType::int32};
  const ResultVariable scalar{.name = "s", .dtype = ElementType::int64};
  const ResultVariable large{.name = "l", .dims = {"x"}, .shape = {100}, .dtype = ElementType::int8};
  ResultCollector collector({grid, scalar, large});
  const int ranks = world().size(), rank = world().rank();
  for (std::int32_t column = rank; column < 6; column += ranks) {
    std::vector<std::int32_t> values;
    for (std::int32_t row = 0; row < 4; ++row) values.push_back(10 * row + column);
    collector.write(0, {{0, column}, {4, 1}}, std::as_bytes(std::span(values)));
  }
  if (rank == ranks - 1) {
    const std::int64_t seven = 7;
    collector.write(1, {}, std::as_bytes(std::span(&seven, 1)));
    collector.write(2, {{0}, {100}}, std::vector<std::byte>(100));
  }
  const std::vector<ResultElements> elements = collector.collect(world());
  std::vector<std::int32_t> expected;
  for (std::int32_t i = 0; i < 24; ++i) expected.push_back(10 * (i / 6) + i % 6);
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0], bytes(expected));
  EXPECT_EQ(elements[1], bytes<std::int64_t>({7}));
  EXPECT_FALSE(elements[2]);
}

}  // namespace
