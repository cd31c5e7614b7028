#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/node.hpp"

#include "array/arrays.hpp"

using namespace xylem;
using namespace xylem::test;

TEST_F(Arrays, IselTakesPositionsSlicesAndLists) {
  EXPECT_EQ(values(t.isel("lat", std::int64_t{-1})), (Reals{3, 7, 11}));
  const Array reversed = t.isel({{"lat", Slice{std::nullopt, std::nullopt, -2}}, {"time", Integers{2, 0, 2}}});
  EXPECT_EQ(dims(reversed), "float32 (time: 3, lat: 2)");
  EXPECT_EQ(values(reversed), (Reals{11, 9, 3, 1, 11, 9}));
  EXPECT_EQ(labels(reversed, "lat"), LabelValues(Reals{-45.5, 15}));
  EXPECT_EQ(labels(reversed, "time"), LabelValues(Integers{30, 10, 30}));
  EXPECT_EQ(t.isel("lat", Slice{3, 1}).shape(), (Shape{3, 0}));
  constexpr auto huge = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(t.isel("lat", Slice{-huge, huge, huge}).shape(), (Shape{3, 1}));
  EXPECT_EQ(t.isel("lat", Slice{std::nullopt, std::nullopt, std::numeric_limits<std::int64_t>::min()}).shape(), (Shape{3, 1}));
  EXPECT_EQ(message_of([&] { return t.isel("lat", std::int64_t{4}); }), "position 4 is outside the dim 'lat' of 4 elements");
  EXPECT_EQ(message_of([&] { return t.isel("lat", Integers{0, -5}); }), "position -5 is outside the dim 'lat' of 4 elements");
  EXPECT_EQ(message_of([&] { return t.isel("lat", Slice{0, 1, 0}); }), "the step of a slice along 'lat' is 0");
  EXPECT_EQ(message_of([&] { return t.isel("tim", std::int64_t{0}); }), "no dim 'tim' (dims: time, lat); did you mean 'time'?");
  EXPECT_EQ(message_of([&] {
              return t.isel({{"lat", std::int64_t{0}}, {"lat", std::int64_t{1}}});
            }),
            "the dim 'lat' is named twice");
}

TEST_F(Arrays, SelFindsValues) {
  EXPECT_EQ(values(t.sel("lat", Label(15.0))), (Reals{1, 5, 9}));
  EXPECT_EQ(values(t.sel("lat", Label(std::int64_t{15}))), (Reals{1, 5, 9}));
  EXPECT_EQ(values(t.sel({{"time", std::vector<Label>{std::int64_t{30}, 10.0}}, {"lat", Label(-15.0)}})), (Reals{10, 2}));
  EXPECT_EQ(message_of([&] { return t.sel("lat", Label(20.0)); }),
            "20.0 is not among the 4 values of 'lat' (the nearest is 15.0)");
  EXPECT_EQ(message_of([&] { return t.sel("time", Label(std::int64_t{99})); }),
            "99 is not among the 3 values of 'time' (the nearest is 30)");
  EXPECT_EQ(message_of([&] { return t.sel("time", Label(std::string("May"))); }), "'time' holds numbers, and \"May\" is none");
  EXPECT_EQ(message_of([&] {
              return assign_coord(t, "time", Integers{1, 2, 1}).sel("time", Label(std::int64_t{1}));
            }),
            "1 stands 2 times in 'time' (at positions 0 and 2); choose positions with isel");
  EXPECT_EQ(message_of([&] { return t.sel("lat", Label(std::nan(""))); }), "nan cannot be looked for in 'lat'");
}

TEST_F(Arrays, SelRangesIncludeBothBoundsInAnyOrder) {
  EXPECT_EQ(labels(t.sel("lat", LabelRange{-20.0, 45.5}), "lat"), LabelValues(Reals{45.5, 15, -15}));
  EXPECT_EQ(labels(t.sel("lat", LabelRange{45.5, -20.0}), "lat"), LabelValues(Reals{45.5, 15, -15}));
  EXPECT_EQ(labels(t.sel("lat", LabelRange{std::nullopt, 0.0}), "lat"), LabelValues(Reals{-15, -45.5}));
  EXPECT_EQ(labels(t.sel("lat", LabelRange{0.0, std::nullopt}), "lat"), LabelValues(Reals{45.5, 15}));
  EXPECT_EQ(t.isel("time", Slice{0, 1}).sel("time", LabelRange{std::int64_t{5}, std::nullopt}).shape(), (Shape{1, 4}));
  EXPECT_EQ(message_of([&] { return t.sel("lat", LabelRange{std::nan(""), 1.0}); }), "nan cannot be looked for in 'lat'");
  EXPECT_EQ(labels(t.sel("time", LabelRange{std::int64_t{15}, std::nullopt}), "time"), LabelValues(Integers{20, 30}));
  EXPECT_EQ(t.sel("time", LabelRange{std::int64_t{11}, std::int64_t{19}}).shape(), (Shape{0, 4}));
  // Unsorted values: from the place of one to the place of the other, which must be there.
  const Array unsorted = assign_coord(t, "lat", Reals{3, 9, 1, 5});
  EXPECT_EQ(labels(unsorted.sel("lat", LabelRange{9.0, 5.0}), "lat"), LabelValues(Reals{9, 1, 5}));
  EXPECT_EQ(message_of([&] {
              return unsorted.sel("lat", LabelRange{2.0, 5.0});
            }),
            "2.0 is not among the 4 values of 'lat' (the nearest is 3.0)");
  // A missing value among them is in no range, and makes the others unsorted.
  const Array gap = assign_coord(t, "lat", Reals{1, std::nan(""), 3, 5});
  EXPECT_EQ(message_of([&] {
              return gap.sel("lat", LabelRange{0.0, 3.0});
            }),
            "0.0 is not among the 4 values of 'lat' (the nearest is 1.0)");
  EXPECT_EQ(gap.sel("lat", LabelRange{3.0, 5.0}).shape(), (Shape{3, 2}));
  EXPECT_EQ(labels(gap.sel("lat", NearestLabel{Label(2.0), {}}), "lat"), LabelValues(Reals{3}));
  const Array named = assign_coord(t, "time", Strings{"apr", "jun", "sep"});
  EXPECT_EQ(labels(named.sel("time", LabelRange{std::string("b"), std::string("sep")}), "time"),
            LabelValues(Strings{"jun", "sep"}));
  EXPECT_EQ(message_of([&] { return named.sel("time", Label(std::string("juni"))); }),
            "\"juni\" is not among the 3 values of 'time' (the nearest is \"jun\")");
}

TEST_F(Arrays, SelNearest) {
  EXPECT_EQ(labels(t.sel("lat", NearestLabel{Label(20.0), {}}), "lat"), LabelValues(Reals{15}));
  EXPECT_EQ(labels(t.sel("lat", NearestLabel{Label(0.0), {}}), "lat"), LabelValues(Reals{15}));  // the larger of two
  EXPECT_EQ(labels(t.sel("time", NearestLabel{Label(15.0), 5.0}), "time"), LabelValues(Integers{20}));
  EXPECT_EQ(message_of([&] {
              return t.sel("lat", NearestLabel{Label(25.0), 9.0});
            }),
            "no value of 'lat' lies within 9.0 of 25.0 (the nearest is 15.0)");
}

TEST_F(Arrays, SelNearestIsExactForGreatIntegersAndRefusesDuplicates) {
  const std::int64_t now = 1'700'000'000'000'000'000;  // nanoseconds: doubles are 256 apart there
  const Array timed = assign_coord(t, "time", Integers{now, now + 40, now + 80});
  EXPECT_EQ(labels(timed.sel("time", NearestLabel{Label(now + 39), 1.0}), "time"), LabelValues(Integers{now + 40}));
  EXPECT_EQ(message_of([&] {
              return timed.sel("time", NearestLabel{Label(now + 30), 9.0});
            }),
            "no value of 'time' lies within 9.0 of 1700000000000000030 (the nearest is 1700000000000000040)");
  EXPECT_EQ(message_of([&] {
              return assign_coord(t, "time", Integers{1, 2, 2}).sel("time", NearestLabel{Label(3), {}});
            }),
            "2 stands 2 times in 'time' (at positions 1 and 2); choose positions with isel");
}

TEST_F(Arrays, SelFindsDates) {
  Coordinate time = known("time", Integers{30, 31, 32});
  time.attributes = {{"units", text("days since 2000-01-01")}};
  const Array x = memory.add("x", ElementType::float64, {{"time", 3}}, numbers(3), {time});
  const auto date = [](const char* words) { return Label(std::string(words)); };
  EXPECT_EQ(values(x.sel("time", date("2000-02-01"))), Reals{1});
  EXPECT_EQ(values(x.sel("time", std::vector<Label>{date("2000-02-02"), std::int64_t{30}})), (Reals{2, 0}));
  EXPECT_EQ(values(x.sel("time", LabelRange{date("2000-02"), std::nullopt})), (Reals{1, 2}));
  EXPECT_EQ(values(x.sel("time", LabelRange{date("2000-02-01"), date("2000-01")})), (Reals{0, 1}));
  EXPECT_EQ(values(x.sel("time", LabelRange{std::nullopt, date("2000-01")})), Reals{0});
  EXPECT_EQ(values(x.sel("time", LabelRange{date("2000-01-31"), date("2000-01-31")})), Reals{0});
  EXPECT_EQ(values(x.sel("time", NearestLabel{date("2000-02-01T11"), 0.5})), Reals{1});
  EXPECT_EQ(
      message_of([&] { return x.sel("time", date("2000-02-30")); }),
      "\"2000-02-30\" is no date of 'time', whose values are days since 2000-01-01 in the calendar 'standard'; dates are written "
      "\"2000-01-31\" or \"2000-01-31T06:30\"");
}

TEST_F(Arrays, SelNeedsACoord) {
  EXPECT_EQ(message_of([&] { return plain.sel("time", 2); }),
            "'time' has no coord to choose values of; choose positions with isel, or [time=0:10]");
}

TEST_F(Arrays, SelectionsReadAsTheyAreMeant) {
  EXPECT_EQ(values(t.isel("time", 0).sel("lat", 15.0)), Reals{1});
  EXPECT_EQ(labels(t.sel("lat", {-20, 20.0}), "lat"), LabelValues(Reals{15, -15}));
  EXPECT_EQ(labels(t.sel("time", {15, std::nullopt}), "time"), LabelValues(Integers{20, 30}));
}

TEST_F(Arrays, SelectionsOfLazyCoordsStayStrides) {
  const std::int64_t huge = std::int64_t{1} << 40;  // no list of so many positions can be made
  const Array read = memory.add("values", ElementType::float64, {{"x", huge}}, {});
  const Array data = memory.add("data", ElementType::float64, {{"x", huge}}, {}, {{"x", {"x"}, nullptr, read}});
  for (const Slice slice :
       {Slice{0, std::nullopt, 2}, Slice{std::nullopt, std::nullopt, -3}, Slice{5, 5}, Slice{9, std::nullopt, -9}}) {
    const Array chosen = data.isel("x", slice);
    EXPECT_EQ(std::get<IselNode>(chosen.find_coord("x")->lazy->node().kind).axes, std::get<IselNode>(chosen.node().kind).axes);
    EXPECT_TRUE(std::holds_alternative<Stride>(std::get<IselNode>(chosen.node().kind).axes[0]));
  }
}
