#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/node.hpp"

#include "array/arrays.hpp"

using namespace xylem;
using namespace xylem::test;

TEST_F(Arrays, BroadcastingMatchesDimsByName) {
  const Array column = t.isel("time", std::int64_t{0});
  EXPECT_EQ(dims(column), "float32 (lat: 4)");
  EXPECT_EQ(dims(column + plain), "float64 (lat: 4, time: 3)");
  EXPECT_EQ(dims(plain + column), "float64 (time: 3, lat: 4)");
  EXPECT_EQ(values(t.transpose() - t), Reals(12, 0.0));
  EXPECT_EQ(
      message_of([&] {
        return t + plain.isel("time", Slice{0, 2});
      }),
      "the dim 'time' has 3 elements in one array and 2 in another; choose as many with isel or sel, or drop it with squeeze");
}

TEST_F(Arrays, CoordsThatLabelADimMustBeEqual) {
  const Array shifted = assign_coord(t, "time", Integers{10, 21, 30});
  EXPECT_EQ(message_of([&] { return t + shifted; }),
            "the coords 'time' of two arrays differ first at index 1: 20 and 21 (coords that label a dim must be equal); choose "
            "the common "
            "values with sel or isel");
  EXPECT_EQ(dims(t + assign_coord(t, "time", Reals{10, 20, 30})), "float32 (time: 3, lat: 4)");
  EXPECT_NE(message_of([&] { return t + assign_coord(t, "time", Strings{"a", "b", "c"}); }), "no error");
  // Without coords there is nothing to differ from.
  EXPECT_EQ(labels(plain + t, "time"), LabelValues(Integers{10, 20, 30}));
}

TEST_F(Arrays, ScalarCoordsThatDifferAreDropped) {
  const Array first = t.isel("time", std::int64_t{0}), second = t.isel("time", std::int64_t{1});
  EXPECT_EQ(labels(first, "time"), LabelValues(Integers{10}));
  EXPECT_TRUE(first.find_coord("time")->dims.empty());
  EXPECT_EQ((first - second).find_coord("time"), nullptr);
  EXPECT_NE((first - first).find_coord("time"), nullptr);
  EXPECT_TRUE((first - t).find_coord("time")->is_index());
}

TEST_F(Arrays, CoordsKeepTheirAttributes) {
  Coordinate time = known("time", Integers{0, 1, 2});
  time.attributes = {{"units", text("days since 2000-01-01")}, {"calendar", text("noleap")}};
  const Array x = memory.add("x", ElementType::float64, {{"time", 3}}, numbers(3), {time});
  const Array y = concat({x.isel("time", Slice{0, 2}), x.isel("time", Slice{2, 3})}, "time").rename({{"time", "t"}}) * 2;
  EXPECT_EQ(y.find_coord("t")->attributes, time.attributes);
  EXPECT_EQ(x.coord("time").attributes(), time.attributes);
  EXPECT_EQ(x.isel("time", 0).find_coord("time")->attributes, time.attributes);
}

TEST_F(Arrays, TimesAreComparedInOneUnit) {
  const auto timed = [&](const std::string& name, const LabelValues& values, const std::string& units,
                         const std::string& calendar) {
    Coordinate time{"time", {"time"}, std::make_shared<const LabelValues>(values), std::nullopt};
    time.attributes = {{"units", text(units)}, {"calendar", text(calendar)}};
    return memory.add(name, ElementType::float64, {{"time", 3}}, numbers(3), {time});
  };
  const Array days = timed("days", Integers{10, 11, 12}, "days since 2000-01-01", "standard");
  const Array later = timed("later", Integers{0, 1, 2}, "days since 2000-01-11", "gregorian");
  const Array hours = timed("hours", Integers{240, 264, 288}, "hours since 2000-01-01", "standard");
  const Array bare = timed("bare", Integers{10, 11, 12}, "days since 2000-01-01", "noleap");
  EXPECT_EQ(labels(days + later, "time"), LabelValues(Integers{10, 11, 12}));
  EXPECT_EQ(labels(later + hours, "time"), LabelValues(Integers{0, 1, 2}));
  const Array joined = concat({later, days.isel("time", Slice{1, 2}), hours.isel("time", Slice{2, 3})}, "time");
  EXPECT_EQ(labels(joined, "time"), LabelValues(Integers{0, 1, 2, 1, 2}));
  EXPECT_EQ(joined.find_coord("time")->attributes, later.find_coord("time")->attributes);
  // The same numbers are other times.
  const Array same = timed("same", Integers{10, 11, 12}, "days since 2000-01-02", "standard");
  EXPECT_EQ(
      message_of([&] { return days + same; }),
      "the coords 'time' of two arrays differ first at index 0: 10 and 11 (coords that label a dim must be equal); choose the "
      "common values with sel or isel");
  EXPECT_EQ(
      message_of([&] { return days - bare; }),
      "the coords 'time' of two arrays are in 'days since 2000-01-01' (standard) and in 'days since 2000-01-01' (noleap), which "
      "cannot be compared (the days of their calendars differ)");
  EXPECT_EQ((days.isel("time", 0) - bare.isel("time", 0)).find_coord("time"), nullptr);
}

TEST_F(Arrays, RenameTransposeExpandSqueeze) {
  const Array renamed = t.rename({{"time", "step"}, {"lat", "time"}});
  EXPECT_EQ(dims(renamed), "float32 (step: 3, time: 4)");
  EXPECT_EQ(labels(renamed, "time"), LabelValues(Reals{45.5, 15, -15, -45.5}));
  EXPECT_EQ(message_of([&] { return t.rename({{"time", "lat"}}); }), "after renaming there would be two dims 'lat'");
  EXPECT_EQ(message_of([&] {
              return t.rename({{"tme", "x"}});
            }),
            "no dim or coord 'tme' to rename (dims: time, lat); did you mean 'time'?");
  EXPECT_EQ(values(t.transpose({"lat", "time"})), (Reals{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(message_of([&] { return t.transpose("lat"); }), "transpose() names 1 of 2 dims; name all (dims: time, lat)");
  const Array grown = t.isel("time", std::int64_t{1}).expand_dims("time");
  EXPECT_EQ(dims(grown), "float32 (time: 1, lat: 4)");
  EXPECT_TRUE(grown.find_coord("time")->is_index());
  EXPECT_EQ(dims(grown.squeeze()), "float32 (lat: 4)");
  EXPECT_EQ(labels(grown.squeeze("time"), "time"), LabelValues(Integers{20}));
  EXPECT_EQ(message_of([&] { return grown.squeeze("lat"); }),
            "squeeze() drops dims of one element, and 'lat' has 4; choose one with isel");
}

TEST_F(Arrays, ConcatJoinsValuesAndCoords) {
  const Array first = t.isel("time", Slice{0, 1}), rest = t.isel("time", Slice{1, std::nullopt});
  const Array whole = concat({rest, first}, "time");
  EXPECT_EQ(dims(whole), "float32 (time: 3, lat: 4)");
  EXPECT_EQ(labels(whole, "time"), LabelValues(Integers{20, 30, 10}));
  EXPECT_EQ(values(whole), (Reals{4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3}));
  EXPECT_EQ(values(concat({rest.transpose(), first}, "time")), (Reals{4, 8, 0, 5, 9, 1, 6, 10, 2, 7, 11, 3}));

  const Array stacked = concat({t.isel("time", std::int64_t{2}), t.isel("time", std::int64_t{0})}, "time");
  EXPECT_EQ(dims(stacked), "float32 (time: 2, lat: 4)");
  EXPECT_EQ(labels(stacked, "time"), LabelValues(Integers{30, 10}));
  const Array members = concat({t.isel("time", std::int64_t{2}), t.isel("time", std::int64_t{0})}, "member");
  EXPECT_EQ(dims(members), "float32 (member: 2, lat: 4)");
  EXPECT_EQ(members.find_coord("time")->dims, Strings{"member"});
  EXPECT_EQ(concat({t, t}, "member").find_coord("time")->dims, Strings{"time"});
  EXPECT_EQ(concat({plain.astype(ElementType::int8), plain.astype(ElementType::uint16)}, "time").dtype(), ElementType::int32);

  EXPECT_EQ(message_of([&] {
              return concat({t, plain}, "time");
            }),
            "arrays 1 and 2 cannot be joined along 'time' (they are float32 (time: 3, lat: 4) and float64 (time: 3)); all have "
            "that dim or "
            "none, and the others must be equal");
  EXPECT_EQ(message_of([&] {
              return concat({plain, t}, "lat");
            }),
            "arrays 1 and 2 cannot be joined along 'lat' (they are float64 (time: 3) and float32 (time: 3, lat: 4)); all have "
            "that dim or "
            "none, and the others must be equal");
  EXPECT_NE(message_of([&] {
              return concat({t, assign_coord(t, "lat", Reals{1, 2, 3, 4})}, "time");
            }).find("differ first at index 0"),
            std::string::npos);
  EXPECT_NE(message_of([&] { return concat({}, "time"); }), "no error");
}

TEST_F(Arrays, ReductionsDropCoordsOfTheirDims) {
  const Array mean = t.mean("time");
  EXPECT_EQ(dims(mean), "float64 (lat: 4)");
  EXPECT_EQ(mean.find_coord("time"), nullptr);
  EXPECT_EQ(labels(mean, "lat"), LabelValues(Reals{45.5, 15, -15, -45.5}));
  EXPECT_EQ(dims(t.mean({"lat", "time"}, {.keepdims = true})), "float64 (time: 1, lat: 1)");
  EXPECT_EQ(values(t.max({}, {.keepdims = true})), Reals{11});
  EXPECT_EQ(dims(t.isel("time", std::int64_t{0}).sum("lat")), "float64 ()");
  EXPECT_NE(t.isel("time", std::int64_t{0}).sum("lat").find_coord("time"), nullptr);
  EXPECT_EQ(message_of([&] { return t.mean("lta"); }), "no dim 'lta' (dims: time, lat); did you mean 'lat'?");
  EXPECT_EQ(message_of([&] { return t.mean("time", {.ddof = 1}); }), "mean() does not take ddof");
  EXPECT_EQ(message_of([&] { return t.count("time", {.skipna = false}); }), "count() does not take skipna");
  EXPECT_EQ(message_of([&] { return t.std("time", {.ddof = -1}); }), "ddof is -1; it is 0 or greater");
  EXPECT_EQ(message_of([&] {
              return t.weighted(plain.rename({{"time", "x"}})).mean();
            }),
            "the weights run along 'x', which the weighted array does not (dims: time, lat)");
  EXPECT_EQ(message_of([&] { return t.weighted(plain).reduce(Reduction::max, {}, {}); }), "max() does not take weights");
}

TEST_F(Arrays, ReductionsOfNothing) {
  const Array none = t.isel("time", Slice{0, 0});
  EXPECT_TRUE(std::isnan(values(none.mean("time"))[0]));
  EXPECT_TRUE(std::isnan(values(none.min("time"))[0]));
  EXPECT_EQ(values(none.sum("time"))[0], 0);
  EXPECT_EQ(values(none.argmax("time"))[0], -1);
  EXPECT_EQ(values(none.count())[0], 0);
  EXPECT_EQ(values(none.any())[0], 0);
  EXPECT_EQ(values(none.all())[0], 1);
  const Array whole = none.astype(ElementType::int16);
  EXPECT_EQ(whole.min("time").dtype(), ElementType::float64);
  EXPECT_TRUE(std::isnan(values(whole.max())[0]));
  EXPECT_EQ(whole.sum().dtype(), ElementType::int64);
  EXPECT_TRUE(std::isnan(values(t.astype(ElementType::int16).sum("time", {.min_count = 4}))[0]));
}

TEST_F(Arrays, IntegerSumsAreExactOrAnError) {
  constexpr auto big = std::numeric_limits<std::int64_t>::max();
  memory.add("big", ElementType::int64, {{"x", 2}, {"y", 3}},
             {big, std::int64_t{5}, -big, big, std::int64_t{0}, std::int64_t{1}});
  EXPECT_EQ(memory.evaluate(memory.parse("sum(big[x=0])")).values[0], Number(std::int64_t{5}));
  try {
    static_cast<void>(memory.evaluate(memory.parse("sum(big, y)")));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "the sum does not fit in int64; convert to float64 with astype first at x=1");
  }
  EXPECT_EQ(memory.evaluate(memory.parse("prod(big[x=1])")).values[0], Number(std::int64_t{0}));
  EXPECT_THROW(static_cast<void>(memory.evaluate(memory.parse("prod(big[x=0])"))), DataError);
}

TEST_F(Arrays, FloatSumsAreExact) {
  memory.add("ill", ElementType::float64, {{"x", 4}}, {1e100, 1.0, -1e100, 0x1p-60});
  EXPECT_EQ(values(memory.parse("sum(ill)"))[0], 1.0 + 0x1p-60);
  memory.add("far", ElementType::float64, {{"x", 3}}, {1e9 + 1, 1e9 + 2, 1e9 + 3});
  EXPECT_EQ(values(memory.parse("var(far, ddof=1)"))[0], 1.0);
  const double inf = std::numeric_limits<double>::infinity();
  memory.add("inf", ElementType::float64, {{"x", 3}}, {inf, 1.0, -inf});
  EXPECT_TRUE(std::isnan(values(memory.parse("sum(`inf`)"))[0]));
  EXPECT_EQ(values(memory.parse("mean(`inf`[x=:2])"))[0], inf);
  memory.add("great", ElementType::float64, {{"x", 4}}, {1e308, 1e308, -1e308, 1.0});
  for (const char* order : {":", "::-1", "[0, 2, 1, 3]"}) {
    EXPECT_EQ(values(memory.parse(fmt::format("sum(great[x={}])", order)))[0], 1e308);
  }
  EXPECT_EQ(values(memory.parse("sum(great[x=:2])"))[0], inf);
  EXPECT_EQ(values(memory.parse("mean(great[x=:2])"))[0], 1e308);
}

TEST_F(Arrays, ExtremesDoNotDependOnTheOrder) {
  memory.add("zeros", ElementType::float32, {{"x", 3}}, {0.0, -0.0, 0.0});
  for (const char* order : {":", "::-1", "[1, 0]"}) {
    EXPECT_TRUE(std::signbit(values(memory.parse(fmt::format("min(zeros[x={}])", order)))[0]));
    EXPECT_FALSE(std::signbit(values(memory.parse(fmt::format("max(zeros[x={}])", order)))[0]));
  }
  EXPECT_EQ(values(memory.parse("argmin(zeros)"))[0], 0);
}

TEST_F(Arrays, AttributesStayWhileTheQuantityDoes) {
  const auto names = [](const Array& array) {
    Strings result;
    for (const auto& [name, value] : array.attributes()) result.push_back(name);
    return result;
  };
  const Strings both{"long_name", "units"};
  EXPECT_EQ(names(t), both);
  EXPECT_EQ(names(t.isel("time", std::int64_t{0}).transpose().expand_dims("x").astype(ElementType::float64)), both);
  EXPECT_EQ(names(t.mean("time")), (Strings{"cell_methods", "long_name", "units"}));
  EXPECT_EQ(names(fillna(t, 0)), both);
  EXPECT_EQ(names(where(t > 0, t)), both);
  EXPECT_EQ(names(clip(t, 0, 1)), both);
  EXPECT_EQ(names(concat({t, t}, "member")), both);
  EXPECT_EQ(names(t.var("time")), (Strings{"cell_methods", "units"}));
  EXPECT_EQ(names(t.count("time")), Strings{});
  const auto methods = [](const Array& array) { return array.attributes().at("cell_methods").as_string().value_or(""); };
  EXPECT_EQ(methods(t.mean("time")), "time: mean");
  EXPECT_EQ(methods(t.max("time").std("lat")), "time: maximum lat: standard_deviation");
  EXPECT_EQ(methods(t.var()), "time: lat: variance");
  EXPECT_EQ(methods(t.median("lat")), "lat: median");
  EXPECT_EQ(names(t.quantile(0.25, "time")), both);
  EXPECT_EQ(names(t * 2), Strings{});
  EXPECT_EQ(names(maximum(t, plain)), Strings{});
}

TEST_F(Arrays, CoordsAreArraysToo) {
  const Array weights = cos(radians(t.coord("lat")));
  EXPECT_EQ(dims(weights), "float64 (lat: 4)");
  EXPECT_EQ(dims(t.weighted(weights).mean({"lat", "time"})), "float64 ()");
  EXPECT_EQ(message_of([&] { return t.coord("lon"); }), "no coord 'lon' (coords: time, lat)");
  EXPECT_EQ(message_of([&] {
              return assign_coord(t, "time", Strings{"a", "b", "c"}).coord("time");
            }),
            "the coord 'time' holds strings, which cannot be computed with");
  EXPECT_EQ(message_of([&] { return assign_coord(t, "time", Integers{1}); }), "the coord 'time' has 1 values, and 3 are needed");
}

TEST_F(Arrays, NumbersAloneAreNumbers) {
  const Array sum = Array(2) + 3;
  EXPECT_EQ(std::get<ConstantNode>(sum.node().kind).value, Number(std::int64_t{5}));
  EXPECT_EQ((t * (Array(1) / 3)).dtype(), ElementType::float32);
  EXPECT_EQ((Array(1).astype(ElementType::float32) + 1).dtype(), ElementType::float32);
  EXPECT_EQ((plain.astype(ElementType::float16) + Array(1).astype(ElementType::float32)).dtype(), ElementType::float32);
  EXPECT_EQ(std::get<ConstantNode>((Array(1).astype(ElementType::int8) + 127).node().kind).value, Number(std::int64_t{-128}));
  EXPECT_EQ(std::get<ConstantNode>(pow(Array(2), -1).node().kind).value, Number(0.5));
  EXPECT_EQ((t + Array(1).astype(ElementType::float64)).dtype(), ElementType::float64);
  const auto folded = [](const Array& number) { return std::get<ConstantNode>(number.node().kind).value; };
  const Array beyond(std::uint64_t{1} << 63);
  EXPECT_EQ(folded(-beyond), Number(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(folded(pow(Array(2), 63)), Number(std::uint64_t{1} << 63));
  EXPECT_EQ(folded(floor_divide(-beyond, -1)), Number(std::uint64_t{1} << 63));
  EXPECT_EQ(folded(-beyond % 10), Number(std::int64_t{2}));
  EXPECT_EQ(folded(pow(Array(-1), std::numeric_limits<std::int64_t>::max())), Number(std::int64_t{-1}));
  EXPECT_EQ(folded(pow(Array(0), 0)), Number(std::int64_t{1}));
  EXPECT_EQ(message_of([] { return Array(std::numeric_limits<std::uint64_t>::max()) + 1; }),
            "the result of '+' does not fit in 64 bits; write one of the numbers as a float, as in 2.0");
  EXPECT_EQ(message_of([] { return Array(300).astype(ElementType::int8); }), "300 does not fit in int8");
  EXPECT_EQ(message_of([] { return floor_divide(1, 0); }), "'//' by the integer 0; write 0.0 for a result that is inf or nan");
  EXPECT_EQ(message_of([&] { return where(t > 0, t > 1); }),
            "where(condition, x) has no missing value for booleans; give one: where(condition, x, false)");
}

TEST_F(Arrays, NestingIsLimited) {
  const auto nest = [&] {
    Array deep = t;
    for (int i = 0; i <= kMaxDepth; ++i) deep = deep + 1;
    return deep;
  };
  EXPECT_EQ(message_of(nest), "this array is made by more than 500 operations, one on top of the other; split it into several");
  EXPECT_LT(isin(t, std::vector<Array>(1000, Array(1))).node().depth, 20);
}

TEST_F(Arrays, SourcesAreChecked) {
  auto info = std::make_shared<DatasetInfo>();
  info->ref = {"a.h5", "/names"};
  info->dtype = {TypeClass::string, 8};
  info->shape = {2};
  EXPECT_EQ(message_of([&] { return source(info, {}, {"x"}); }),
            "/names of a.h5 is string; arrays are of booleans, integers and floats (16, 32 or 64 bits)");
  auto whole = std::make_shared<DatasetInfo>(*info);
  whole->dtype = {TypeClass::integer, 2};
  EXPECT_EQ(message_of([&] { return source(whole, {}, {"x", "y"}); }), "/names of a.h5 has 1 dim, and 2 names were given");
  EXPECT_EQ(source(whole, {}, {"x"}).dtype(), ElementType::int16);
  CfDecoding decoding;
  decoding.missing = {std::int64_t{-9}};
  EXPECT_EQ(source(whole, decoding, {"x"}).dtype(), ElementType::float32);
  decoding.scaled = true;
  EXPECT_EQ(source(whole, decoding, {"x"}).dtype(), ElementType::float64);
}

TEST_F(Arrays, LazyCoordsMatchOnlyTheSameDataset) {
  const auto dataset = [](const std::string& file) {
    auto info = std::make_shared<DatasetInfo>();
    info->ref = {file, "/time"};
    info->dtype = {TypeClass::floating, 8};
    info->shape = {3};
    return info;
  };
  const auto with = [&](const std::string& file) {
    const Coordinate lazy{"time", {"time"}, nullptr, source(dataset(file), {}, {"time"})};
    return source(dataset("data.h5"), {}, {"time"}, {lazy});
  };
  const Array a = with("a.h5"), same = with("a.h5"), b = with("b.h5");
  EXPECT_TRUE((a + same).find_coord("time")->lazy);
  EXPECT_EQ(dims(a.isel("time", Slice{1}) + same.isel("time", Slice{1})), "float64 (time: 2)");
  EXPECT_NE(message_of([&] { return a + b; }), "no error");
  EXPECT_EQ(message_of([&] {
              return a.isel("time", Slice{1}) + same.isel("time", Slice{0, 2});
            }),
            "the coords 'time' of two arrays cannot be compared (their values have not been read)");
  EXPECT_EQ(message_of([&] { return a.sel("time", Label(1.0)); }),
            "'time' cannot be chosen from by value (its values have not been read); choose positions with isel");
  EXPECT_EQ(concat({a, b}, "time").find_coord("time")->lazy->dims()[0].size, 6);
  EXPECT_EQ(a.rename({{"time", "x"}}).find_coord("x")->lazy->dims()[0].name, "x");
  EXPECT_TRUE(a.isel("time", std::int64_t{0}).find_coord("time")->lazy->dims().empty());
  EXPECT_EQ(dims(a.coord("time")), "float64 (time: 3)");
}

TEST(Lazy, TakesCoordsFromTheTree) {
  Group root("a.h5", {});
  const auto add = [&](const std::string& name, TypeClass type, Shape shape) -> const Container& {
    auto info = std::make_shared<DatasetInfo>();
    info->ref = {"a.h5", "/" + name};
    info->dtype = {type, 8};
    info->shape = std::move(shape);
    info->attributes["units"].data = Strings{"unit of " + name};
    info->attributes["bounds"].data = Strings{"elsewhere"};
    return dynamic_cast<const Container&>(root.add(std::make_unique<Container>(name, info)));
  };
  const Container& data = add("t", TypeClass::floating, {3, 2});
  add("time", TypeClass::integer, {3});
  add("name", TypeClass::string, {2});
  Labels found;
  found.dims = {"time", "x"};
  Coord time{"time", {"time"}, CoordMode::dataset};
  time.path = "/time";
  Coord name{"name", {"x"}, CoordMode::dataset};
  name.path = "/name";
  Coord gone{"gone", {"x"}, CoordMode::linked};
  gone.path = "/gone";
  Coord x{"x", {"x"}, CoordMode::values};
  x.argument = {DType{TypeClass::integer, 8}, {2}, false, std::vector<std::int64_t>{4, 5}};
  x.size = 2;
  found.coords = {time, x, name, gone};

  const Array unread = lazy(data, found, {});
  EXPECT_EQ(summary(unread), "float64 (time: 3, x: 2)");
  ASSERT_EQ(unread.coords().size(), 2U);  // strings that nobody read and what is not there are left out
  EXPECT_EQ(summary(*unread.find_coord("time")->lazy), "int64 (time: 3)");
  EXPECT_EQ(*unread.find_coord("x")->values, LabelValues(Integers{4, 5}));

  const Array read = lazy(data, found, {}, [](const DatasetInfo& info) -> std::shared_ptr<const LabelValues> {
    if (info.ref.path == "/name") return std::make_shared<const LabelValues>(Strings{"a", "b"});
    return std::make_shared<const LabelValues>(Integers{7, 8, 9});
  });
  EXPECT_EQ(*read.find_coord("time")->values, LabelValues(Integers{7, 8, 9}));
  EXPECT_EQ(*read.find_coord("name")->values, LabelValues(Strings{"a", "b"}));
  EXPECT_EQ(*read.isel("x", std::int64_t{1}).find_coord("name")->values, LabelValues(Strings{"b"}));

  // Attributes of coords stay with them.
  for (const Array& array : {read, unread}) {
    const Array shorter = array.isel("time", Slice{1, {}, 1}), longer = concat({array, shorter}, "time");
    for (const Array& derived : {array, shorter, longer, array + 1}) {
      const Attributes& attributes = derived.find_coord("time")->attributes;
      ASSERT_EQ(attributes.size(), 1U);
      EXPECT_EQ(attributes.at("units").as_string(), "unit of time");
    }
  }
}
