#include "xylem/plan/result_variable.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "xylem/array/node.hpp"
#include "xylem/array/source.hpp"

using namespace xylem;

namespace {

AttributeValue text(const std::string& value) { return {.data = std::vector<std::string>{value}}; }

TEST(ResultVariable, IsWhatTheArraySays) {
  DatasetInfo info{.ref = {"a.h5", "/t"}, .shape = {3, 2}};
  info.dtype = {.type_class = TypeClass::floating, .size = 4};
  info.attributes["units"] = text("K");
  DatasetInfo unread = info;
  unread.shape = {3};
  const auto known = [](LabelValues values) { return std::make_shared<const LabelValues>(std::move(values)); };
  const Array t = source(std::make_shared<const DatasetInfo>(info), {}, {"time", "lat"},
                         {{"time", {"time"}, known(std::vector<std::int64_t>{5, 6, 7}), {}, {{"units", text("days")}}},
                          {"lat", {"lat"}, known(std::vector<double>{-1.5, 2}), {}, {}},
                          {"level", {}, known(std::vector<std::string>{"top"}), {}, {}},
                          {"area", {"time"}, nullptr, source(std::make_shared<const DatasetInfo>(unread), {}, {"time"}), {}}});
  const ResultVariable result = describe_result("first", t.isel("time", Slice{1, {}, 1}));
  EXPECT_EQ(result.name, "first");
  EXPECT_EQ(result.dims, (std::vector<std::string>{"time", "lat"}));
  EXPECT_EQ(result.shape, (Shape{2, 2}));
  EXPECT_EQ(result.dtype, ElementType::float32);
  EXPECT_EQ(result.attributes.at("units"), text("K"));
  ASSERT_EQ(result.coords.size(), 3U);  // what has not been read is not there
  EXPECT_EQ(result.coords[0].values, LabelValues(std::vector<std::int64_t>{6, 7}));
  EXPECT_EQ(result.coords[0].attributes.at("units"), text("days"));
  EXPECT_TRUE(result.coords[0].is_index());
  EXPECT_EQ(result.coords[1].values, LabelValues(std::vector<double>{-1.5, 2}));
  EXPECT_EQ(result.coords[2].values, LabelValues(std::vector<std::string>{"top"}));
  EXPECT_TRUE(result.coords[2].dims.empty());

  const ResultVariable mean = describe_result("mean", t.mean("time"));
  EXPECT_EQ(mean.dtype, ElementType::float64);
  EXPECT_EQ(mean.dims, std::vector<std::string>{"lat"});
  ASSERT_EQ(mean.coords.size(), 2U);
  EXPECT_EQ(mean.coords[0].name, "lat");
}

}  // namespace
