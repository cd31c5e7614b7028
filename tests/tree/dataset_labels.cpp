// Dims and coords from dimension scales and the CF attribute `coordinates`.
#include <gtest/gtest.h>

#include "xylem/support/error.hpp"
#include "xylem/tree/labels.hpp"

#include "in_memory.hpp"

using namespace xylem;
using namespace xylem::test;

namespace {

using Names = std::vector<std::string>;
using Scales = std::vector<Names>;

Container& add_scale(Group& parent, const std::string& name, std::int64_t size, const std::string& scale_name = "") {
  return add_dataset(parent, name, {size}, [&](DatasetInfo& info) {
    info.is_scale = true;
    info.scale_name = scale_name;
  });
}

Container& add_pure_dim(Group& parent, const std::string& name, std::int64_t size) {
  return add_scale(parent, name, size, "This is a netCDF dimension but not a netCDF variable.        10");
}

Container& add_scaled(Group& parent, const std::string& name, const Shape& shape, const Scales& scales,
                      const Attributes& attributes = {}) {
  return add_dataset(parent, name, shape, [&](DatasetInfo& info) {
    info.scales = scales;
    info.attributes = attributes;
  });
}

// "name(dims) = path" of each coord.
Names told(const Labels& labels) {
  Names result;
  for (const Coord& coord : labels.coords) {
    std::string text = coord.name + "(";
    for (const std::string& dim : coord.dims) text += (text.back() == '(' ? "" : ", ") + dim;
    result.push_back(text + ") = " + (coord.path.empty() ? mode_name(coord.mode) : coord.path));
  }
  return result;
}

class DatasetLabels : public testing::Test {
 protected:
  FileTree file = make_file();
  Group& root = *file.root;
};

TEST_F(DatasetLabels, ScalesNameDimsAndAreCoords) {
  add_scale(root, "time", 2);
  Group& group = add_group(root, "g");
  add_scale(group, "lat", 3);
  const Labels made = labels(add_scaled(group, "t", {2, 3, 4}, {{"/time"}, {"/g/lat"}, {}}));
  EXPECT_EQ(made.dims, (Names{"time", "lat", "dim_2"}));
  EXPECT_EQ(told(made), (Names{"time(time) = /time", "lat(lat) = /g/lat"}));
  EXPECT_EQ(made.coords[1].size, 3);
  EXPECT_EQ(made.coords[1].mode, CoordMode::dataset);
  EXPECT_THROW((void)made.coords[1].values(), UsageError);
}

TEST_F(DatasetLabels, AScaleRunsAlongItself) {
  EXPECT_EQ(told(labels(add_scale(root, "lat", 3))), Names{"lat(lat) = /lat"});
  const Labels pure = labels(add_pure_dim(root, "bnds", 2));
  EXPECT_EQ(pure.dims, Names{"bnds"});
  EXPECT_TRUE(pure.coords.empty());
}

TEST_F(DatasetLabels, DimsWithoutVariableGiveNoCoord) {
  add_pure_dim(root, "x", 0);  // an unlimited dim without data keeps length 0
  const Labels made = labels(add_scaled(root, "t", {4}, {{"/x"}}, {{"coordinates", text("x")}}));
  EXPECT_EQ(made.dims, Names{"x"});
  EXPECT_TRUE(made.coords.empty());
  EXPECT_EQ(made.notes.size(), 1u);
}

TEST_F(DatasetLabels, AVariableOfADimsNameThatIsNotItsCoordinate) {
  add_pure_dim(root, "x", 4);
  add_scaled(root, "_nc4_non_coord_x", {}, {});
  const Labels made = labels(add_scaled(root, "t", {4, 2}, {{"/x"}, {}}, {{"coordinates", text("x")}}));
  EXPECT_EQ(made.dims, (Names{"x", "dim_1"}));
  // A scalar 'x' cannot be a coordinate beside a dim 'x'.
  EXPECT_TRUE(made.coords.empty());
  EXPECT_EQ(made.notes.size(), 1u);
}

TEST_F(DatasetLabels, LabelsGoBeforeScales) {
  add_scale(root, "metres", 3);
  add_scale(root, "feet", 3);
  const Container& data = add_dataset(root, "t", {3, 2}, [](DatasetInfo& info) {
    info.dim_labels = {"height", ""};
    info.scales = {{"/metres", "/feet"}, {}};
  });
  const Labels made = labels(data);
  EXPECT_EQ(made.dims, (Names{"height", "dim_1"}));
  EXPECT_EQ(told(made), (Names{"metres(height) = /metres", "feet(height) = /feet"}));
}

TEST_F(DatasetLabels, TheFirstScaleThatIsInTheTreeNames) {
  add_scale(root, "feet", 3);
  EXPECT_EQ(labels(add_scaled(root, "t", {3}, {{"", "/feet"}})).dims, Names{"feet"});
  EXPECT_EQ(labels(add_scaled(root, "u", {3}, {{""}})).dims, Names{"dim_0"});
}

TEST_F(DatasetLabels, TheSameScaleTwiceNamesOneDim) {
  add_scale(root, "x", 3);
  const Labels made = labels(add_scaled(root, "covariance", {3, 3}, {{"/x"}, {"/x"}}));
  EXPECT_EQ(made.dims, (Names{"x", "dim_1"}));
  EXPECT_EQ(told(made), Names{"x(x) = /x"});
  EXPECT_EQ(made.notes.size(), 1u);
}

TEST_F(DatasetLabels, AScaleOfAnotherLengthIsNoCoord) {
  add_scale(root, "time", 2);
  const Labels made = labels(add_scaled(root, "t", {5}, {{"/time"}}));
  EXPECT_EQ(made.dims, Names{"time"});
  EXPECT_TRUE(made.coords.empty());
  EXPECT_EQ(made.notes.size(), 1u);
}

TEST_F(DatasetLabels, NetcdfNumbersNameTheDimsOfAScaleOfSeveral) {
  Group& group = add_group(root, "g");
  const auto numbered = [](Group& parent, const std::string& name, const Shape& shape, std::int64_t number,
                           const Shape& dims) -> Container& {
    return add_dataset(parent, name, shape, [&](DatasetInfo& info) {
      info.is_scale = true;
      info.netcdf_dim = number;
      info.netcdf_dims = dims;
    });
  };
  numbered(root, "length", {8}, 1, {1});
  const Container& station = numbered(group, "station", {3, 8}, 0, {0, 1});
  EXPECT_EQ(labels(station).dims, (Names{"station", "length"}));
  EXPECT_EQ(labels(numbered(group, "unknown", {3, 8}, 5, {0, 9})).dims, (Names{"station", "dim_1"}));
  EXPECT_EQ(labels(numbered(group, "short", {3, 8}, 6, {0})).dims, (Names{"dim_0", "dim_1"}));
}

TEST_F(DatasetLabels, AttributesGoBeforeScalesDimByDim) {
  add_scale(root, "a", 2);
  add_scale(root, "b", 3);
  const Attributes attributes{{"dim_name__0", text("t")}, {"coords__b", reals({1, 2, 3})}, {"coords_mode__t", text("trivial")}};
  const Labels made = labels(add_scaled(root, "d", {2, 3, 4}, {{"/a"}, {"/b"}, {}}, attributes));
  EXPECT_EQ(made.dims, (Names{"t", "b", "dim_2"}));
  EXPECT_EQ(told(made), (Names{"t(t) = trivial", "b(b) = values", "a(t) = /a"}));
}

TEST_F(DatasetLabels, ANameTakenByAnAttributeIsNotTakenAgain) {
  add_scale(root, "x", 3);
  const Labels made = labels(add_scaled(root, "d", {2, 3}, {{}, {"/x"}}, {{"dim_name__0", text("x")}}));
  EXPECT_EQ(made.dims, (Names{"x", "dim_1"}));
  EXPECT_TRUE(made.coords.empty());  // the scale is no coordinate of the other 'x'
}

TEST_F(DatasetLabels, CfCoordinates) {
  add_scale(root, "time", 2);
  add_pure_dim(root, "y", 3);
  add_pure_dim(root, "x", 4);
  add_scaled(root, "lat", {3, 4}, {{"/y"}, {"/x"}});
  add_scaled(root, "height", {}, {});
  add_scaled(root, "other", {5}, {{}});
  Group& group = add_group(root, "g");
  add_scaled(group, "lon", {3, 4}, {{"/y"}, {"/x"}});
  add_scaled(add_group(group, "inner"), "age", {2}, {{"/time"}});
  const Attributes attributes{{"coordinates", text("lat  lon height\tinner/age /g/inner/age absent other lat")}};
  const Labels made = labels(add_scaled(group, "t", {2, 3, 4}, {{"/time"}, {"/y"}, {"/x"}}, attributes));
  EXPECT_EQ(told(made), (Names{"time(time) = /time", "lat(y, x) = /lat", "lon(y, x) = /g/lon", "height() = /height",
                               "age(time) = /g/inner/age"}));
  EXPECT_EQ(made.coords[1].size, 12);
  EXPECT_EQ(made.coords[3].size, 1);
  ASSERT_EQ(made.notes.size(), 2u);
  EXPECT_NE(made.notes[0].find("'absent'"), std::string::npos);
  EXPECT_NE(made.notes[1].find("'/other'"), std::string::npos);
}

TEST_F(DatasetLabels, TheNearestVariableIsMeant) {
  Group& group = add_group(root, "g");
  add_scaled(root, "lat", {3}, {{}});
  add_scaled(group, "lat", {3}, {{}});
  EXPECT_EQ(told(labels(add_scaled(group, "t", {3}, {{}}, {{"coordinates", text("lat")}}))), Names{"lat(lat) = /g/lat"});
}

TEST_F(DatasetLabels, TextIsOneValue) {
  add_pure_dim(root, "station", 3);
  add_pure_dim(root, "length", 8);
  add_dataset(root, "name", {3, 8}, [](DatasetInfo& info) {
    info.dtype = {TypeClass::string, 1};
    info.scales = {{"/station"}, {"/length"}};
  });
  const Labels made = labels(add_scaled(root, "t", {3}, {{"/station"}}, {{"coordinates", text("name")}}));
  EXPECT_EQ(told(made), Names{"name(station) = /name"});
  EXPECT_EQ(made.coords[0].size, 3);
}

TEST_F(DatasetLabels, CoordinatesNameDimsOfTheirLength) {
  add_scaled(root, "time", {2}, {{}});
  add_scaled(root, "lat", {3}, {{}});
  add_scaled(root, "lon", {4}, {{}});
  const Attributes attributes{{"coordinates", text("time lat lon")}};
  const Labels made = labels(add_scaled(root, "t", {2, 3, 4}, {}, attributes));
  EXPECT_EQ(made.dims, (Names{"time", "lat", "lon"}));
  EXPECT_EQ(told(made), (Names{"time(time) = /time", "lat(lat) = /lat", "lon(lon) = /lon"}));
  // Two dims, or two variables, of one length: there is no telling.
  EXPECT_EQ(labels(add_scaled(root, "u", {3, 3, 4}, {}, attributes)).dims, (Names{"dim_0", "dim_1", "lon"}));
  add_scaled(root, "level", {4}, {{}});
  EXPECT_EQ(labels(add_scaled(root, "v", {2, 4}, {}, {{"coordinates", text("time lon level")}})).dims, (Names{"time", "dim_1"}));
}

TEST_F(DatasetLabels, UnnamedCoordinatesOfTheSameShapeFit) {
  add_scaled(root, "lat", {3, 4}, {});
  EXPECT_EQ(told(labels(add_scaled(root, "t", {3, 4}, {}, {{"coordinates", text("lat")}}))), Names{"lat(dim_0, dim_1) = /lat"});
  EXPECT_TRUE(told(labels(add_scaled(root, "u", {3, 4, 5}, {}, {{"coordinates", text("lat")}}))).empty());
}

TEST_F(DatasetLabels, CoordinatesThatCannotBeMeantAreIgnored) {
  add_scaled(root, "bad", {3}, {}, {{"dims", text("a bare string")}});
  add_group(root, "group");
  const Labels made = labels(add_scaled(root, "t", {3, 3}, {}, {{"coordinates", text("bad group t ../../x")}}));
  EXPECT_EQ(made.dims, (Names{"dim_0", "dim_1"}));
  EXPECT_TRUE(made.coords.empty());
  EXPECT_EQ(labels(add_scaled(root, "u", {3}, {}, {{"coordinates", integers({1})}})).dims, Names{"dim_0"});
}

TEST_F(DatasetLabels, NoTreeAroundIt) {
  DatasetInfo info;
  info.ref = {"f.h5", "/t"};
  info.shape = {3, 4};
  info.scales = {{"/lat"}, {}};
  info.attributes = {{"coordinates", text("lat")}};
  const Labels made = labels(Container("t", std::make_shared<const DatasetInfo>(info)));
  EXPECT_EQ(made.dims, (Names{"lat", "dim_1"}));
  EXPECT_TRUE(made.coords.empty());
}

}  // namespace
