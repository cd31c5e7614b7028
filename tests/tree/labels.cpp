// Dims and coords from dantro's attributes; tests/dantro has the values that dantro itself makes.
#include "xylem/tree/labels.hpp"

#include <gtest/gtest.h>

#include "xylem/support/error.hpp"

#include "in_memory.hpp"

using namespace xylem;
using namespace xylem::test;

namespace {

using Names = std::vector<std::string>;

Labels labels_of(const Shape& shape, const Attributes& attributes, bool strict = true) {
  FileTree file = make_file();
  return labels(add_dataset(*file.root, "d", shape, attributes), {strict});
}

// The message of the error that these attributes must cause; it must name file, dataset and attribute.
std::string error_of(const Shape& shape, const Attributes& attributes, const std::string& attribute, bool strict = true) {
  try {
    const Labels made = labels_of(shape, attributes, strict);
    ADD_FAILURE() << "no error for " << attribute;
  } catch (const DataError& error) {
    const std::string message = error.what();
    for (const std::string& part : {std::string("'f.h5'"), std::string("'/d'"), "'" + attribute}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message;
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_CONTAINS(text, part) EXPECT_PRED2(contains, text, part)

// The error of `coords__x` with this mode and argument for a dim of this length.
std::string mode_error(const std::string& mode, const AttributeValue& argument, std::int64_t length = 3) {
  return error_of({length}, {{"dims", texts({"x"})}, {"coords__x", argument}, {"coords_mode__x", text(mode)}}, "coords__x");
}

Coord coord_of(const std::string& mode, const AttributeValue& argument, std::int64_t length) {
  const Labels made = labels_of({length}, {{"dims", texts({"x"})}, {"coords__x", argument}, {"coords_mode__x", text(mode)}});
  EXPECT_EQ(made.coords.size(), 1u);
  EXPECT_EQ(made.coords.at(0).name, "x");
  EXPECT_EQ(made.coords.at(0).dims, Names{"x"});
  EXPECT_EQ(made.coords.at(0).size, length);
  EXPECT_STREQ(mode_name(made.coords.at(0).mode), mode.c_str());
  return made.coords.at(0);
}

TEST(Dims, WithoutAnySourceAreNumbered) {
  const Labels made = labels_of({2, 3}, {});
  EXPECT_EQ(made.dims, (Names{"dim_0", "dim_1"}));
  EXPECT_TRUE(made.coords.empty());
  EXPECT_TRUE(labels_of({}, {}).dims.empty());
}

TEST(Dims, AttributeNamesThem) {
  EXPECT_EQ(labels_of({2, 3}, {{"dims", texts({"a", "b"})}}).dims, (Names{"a", "b"}));
  AttributeValue nested = texts({"a", "b"});
  nested.shape = {2, 1};
  EXPECT_EQ(labels_of({2, 3}, {{"dims", nested}}).dims, (Names{"a", "b"}));
  EXPECT_EQ(labels_of({2, 3}, {{"dims", texts({"", "b"})}}).dims, (Names{"dim_0", "b"}));
  EXPECT_TRUE(labels_of({}, {{"dims", texts({})}}).dims.empty());
}

TEST(Dims, WrongAttribute) {
  EXPECT_CONTAINS(error_of({2}, {{"dims", text("x")}}, "dims"), "bare string");
  EXPECT_CONTAINS(error_of({2, 3}, {{"dims", texts({"x"})}}, "dims"), "1 name for 2 dimensions");
  EXPECT_CONTAINS(error_of({2}, {{"dims", texts({"x", "y"})}}, "dims"), "2 names for 1 dimension");
  EXPECT_CONTAINS(error_of({2}, {{"dims", integers({7})}}, "dims"), "[7]");
  EXPECT_CONTAINS(error_of({2, 2}, {{"dims", texts({"x", "x"})}}, "dims"), "two dims 'x'");
  AttributeValue turned = texts({"a", "b"});
  turned.shape = {1, 2};
  error_of({2, 2}, {{"dims", turned}}, "dims");
  AttributeValue empty = texts({});
  empty.null = true;
  empty.data = {};
  error_of({2}, {{"dims", empty}}, "dims");
}

TEST(DimName, NamesOneAndOverrides) {
  EXPECT_EQ(labels_of({2, 3}, {{"dim_name__1", text("b")}}).dims, (Names{"dim_0", "b"}));
  EXPECT_EQ(labels_of({2, 3}, {{"dim_name__1", texts({"b"})}}).dims, (Names{"dim_0", "b"}));
  EXPECT_EQ(labels_of({2, 3}, {{"dims", texts({"a", "b"})}, {"dim_name__0", text("c")}}).dims, (Names{"c", "b"}));
  EXPECT_EQ(labels_of({2, 3}, {{"dims", texts({"a", "a"})}, {"dim_name__0", text("c")}}).dims, (Names{"c", "a"}));
}

TEST(DimName, NumbersAsPythonReadsThem) {
  for (const std::string number : {"1", " 1", "1 ", "+1", "01", "0_1", "\t1\n"}) {
    EXPECT_EQ(labels_of({2, 3}, {{"dim_name__" + number, text("b")}}).dims, (Names{"dim_0", "b"})) << number;
  }
  EXPECT_EQ(labels_of({2, 3}, {{"dim_name__-0", text("b")}}).dims, (Names{"b", "dim_1"}));
  for (const std::string number : {"", " ", "x", "1x", "_1", "1_", "0__1", "1.0", "+-1", "0x1", "99999999999999999999"}) {
    EXPECT_CONTAINS(error_of({2, 3}, {{"dim_name__" + number, text("b")}}, "dim_name__"), "is no number");
  }
}

TEST(DimName, Wrong) {
  EXPECT_CONTAINS(error_of({2, 3}, {{"dim_name__2", text("b")}}, "dim_name__2"), "no dimension 2 of 2");
  EXPECT_CONTAINS(error_of({2, 3}, {{"dim_name__-1", text("b")}}, "dim_name__-1"), "no dimension -1 of 2");
  error_of({}, {{"dim_name__0", text("b")}}, "dim_name__0");
  error_of({2}, {{"dim_name__0", integers({1})}}, "dim_name__0");
  error_of({2}, {{"dim_name__0", texts({"a", "b"})}}, "dim_name__0");
  EXPECT_CONTAINS(error_of({2, 2}, {{"dims", texts({"a", "b"})}, {"dim_name__1", text("a")}}, "dims"), "two dims 'a'");
  FileTree file = make_file();
  EXPECT_THROW((void)labels(add_dataset(*file.root, "d", {2, 3}, {{"dim_name__0", text("dim_1")}})), DataError);
}

TEST(Coords, ValuesAreTakenAsTheyAre) {
  EXPECT_EQ(std::get<std::vector<double>>(coord_of("values", reals({3, 1, 2}), 3).values()), (std::vector<double>{3, 1, 2}));
  EXPECT_EQ(std::get<Names>(coord_of("values", texts({"a", "b"}), 2).values()), (Names{"a", "b"}));
  const Labels made = labels_of({2}, {{"dims", texts({"x"})}, {"coords__x", integers({5, 6})}});
  EXPECT_EQ(made.coords.at(0).mode, CoordMode::values);
}

TEST(Coords, ValuesOfWrongLengthOrShape) {
  EXPECT_CONTAINS(mode_error("values", reals({1, 2})), "2 values for dim 'x' of length 3");
  EXPECT_CONTAINS(mode_error("values", scalar(reals({1}))), "1 value for dim 'x' of length 3");
  AttributeValue square = reals({1, 2, 3});
  square.shape = {3, 1};
  EXPECT_CONTAINS(mode_error("values", square), "(3, 1)");
  AttributeValue compound;
  compound.dtype.type_class = TypeClass::compound;
  EXPECT_CONTAINS(mode_error("values", compound), "neither numbers nor strings");
}

TEST(Coords, Range) {
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(coord_of("range", integers({9, 2, -3}), 3).values()),
            (std::vector<std::int64_t>{9, 6, 3}));
  constexpr auto most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(coord_of("range", integers({least, most, most}), 3).values()),
            (std::vector<std::int64_t>{least, -1, most - 1}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(coord_of("range", integers({most, least, least}), 2).values()),
            (std::vector<std::int64_t>{most, -1}));
  EXPECT_CONTAINS(mode_error("range", integers({4})), "4 values for dim 'x' of length 3");
  EXPECT_CONTAINS(mode_error("range", integers({0, 3, 0})), "step is zero");
  EXPECT_CONTAINS(mode_error("range", reals({3})), "integers");
  EXPECT_CONTAINS(mode_error("range", integers({least, most, 1})), "63 bits");
  mode_error("range", integers({}));
  mode_error("range", integers({0, 3, 1, 1}));
  mode_error("range", scalar(integers({3})));
  mode_error("range", texts({"3"}));
  AttributeValue booleans = integers({1});
  booleans.dtype = {TypeClass::boolean, 1};
  mode_error("range", booleans, 1);
}

TEST(Coords, ArangeLinspaceLogspaceRefuse) {
  EXPECT_CONTAINS(mode_error("arange", reals({0, 1, 0.25})), "4 values for dim 'x' of length 3");
  mode_error("arange", reals({0, 3, 0}));
  mode_error("arange", integers({0, 3, 0}));
  mode_error("arange", integers({0, 3, 1, 8}));
  mode_error("arange", reals({0, std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_CONTAINS(mode_error("linspace", reals({0, 1})), "50 values for dim 'x' of length 3");
  EXPECT_CONTAINS(mode_error("linspace", reals({0, 1, 2.5})), "whole number");
  EXPECT_CONTAINS(mode_error("linspace", reals({0, 1, -1})), "0 or more");
  mode_error("linspace", reals({0, 1, -3}));
  mode_error("linspace", reals({0}));
  mode_error("linspace", reals({0, 1, 3, 1, 0}));
  mode_error("logspace", reals({0, 1, 4}));
  mode_error("logspace", reals({0, 1, 3, 1, 2}));
}

TEST(Coords, LinspaceTakesItsCountFromFloats) {
  EXPECT_EQ(std::get<std::vector<double>>(coord_of("linspace", reals({0, 1, 3}), 3).values()), (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(std::get<std::vector<double>>(coord_of("logspace", integers({0, 2, 3}), 3).values()),
            (std::vector<double>{1, 10, 100}));
}

TEST(Coords, StartAndStep) {
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(coord_of("start_and_step", integers({5, -5}), 3).values()),
            (std::vector<std::int64_t>{5, 0, -5}));
  EXPECT_CONTAINS(mode_error("start_and_step", reals({0, 1.5})), "4 values for dim 'x' of length 3");
  EXPECT_CONTAINS(mode_error("start_and_step", reals({0, 0.5})), "step is zero");
  mode_error("start_and_step", integers({0, 1, 2}));
  mode_error("start_and_step", integers({0}));
  mode_error("start_and_step", integers({0, std::int64_t{1} << 62}));
}

TEST(Coords, TrivialNeedsNoArgument) {
  const Labels made = labels_of({3}, {{"dims", texts({"x"})}, {"coords_mode__x", texts({"trivial"})}});
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(made.coords.at(0).values()), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(coord_of("trivial", text("ignored"), 2).size, 2);
}

TEST(Coords, Scalar) {
  EXPECT_EQ(std::get<std::vector<double>>(coord_of("scalar", scalar(reals({4})), 1).values()), std::vector<double>{4});
  EXPECT_EQ(std::get<Names>(coord_of("scalar", text("summer"), 1).values()), Names{"summer"});
  EXPECT_CONTAINS(mode_error("scalar", reals({1, 2}), 1), "exactly one value");
  EXPECT_CONTAINS(mode_error("scalar", reals({1}), 2), "1 value for dim 'x' of length 2");
  EXPECT_CONTAINS(error_of({1}, {{"dims", texts({"x"})}, {"coords_mode__x", text("scalar")}}, "coords__x"), "exactly one value");
}

TEST(Coords, UnknownMode) {
  const Attributes attributes{{"dims", texts({"x"})}, {"coords_mode__x", text("geomspace")}};
  EXPECT_CONTAINS(error_of({3}, attributes, "coords_mode__x"), "\"geomspace\"");
  error_of({3}, attributes, "coords_mode__x", false);
  error_of({3}, {{"dims", texts({"x"})}, {"coords_mode__x", text("dataset")}}, "coords_mode__x");
  error_of({3}, {{"dims", texts({"x"})}, {"coords_mode__x", integers({1})}}, "coords_mode__x");
}

TEST(Coords, StrictlyOnlyForDimsThatExist) {
  const Attributes superfluous{{"dims", texts({"x"})}, {"coords__y", integers({1, 2, 3})}};
  EXPECT_CONTAINS(error_of({3}, superfluous, "coords__y"), "no dim is named 'y': there is 'x'");
  EXPECT_TRUE(labels_of({3}, superfluous, false).coords.empty());
  EXPECT_CONTAINS(error_of({3}, {{"coords__dim_0", integers({1, 2, 3})}}, "coords__dim_0"), "no dim has a name");
  error_of({3}, {{"dims", texts({"x"})}, {"coords_mode__y", text("trivial")}}, "coords_mode__y");
  const Attributes mode_only{{"dims", texts({"x"})}, {"coords_mode__x", text("values")}};
  EXPECT_CONTAINS(error_of({3}, mode_only, "coords_mode__x"), "without 'coords__x'");
  EXPECT_TRUE(labels_of({3}, mode_only, false).coords.empty());
}

TEST(Coords, LinkedResolvesInTheTree) {
  FileTree file = make_file();
  Group& coords = add_group(*file.root, "coords");
  add_dataset(coords, "height", {3});
  add_dataset(coords, "plane", {3, 3});
  coords.add(std::make_unique<Link>("alias", LinkInfo{LinkKind::soft, "", "/coords/height", false}));
  Group& group = add_group(*file.root, "group");
  const auto link = [&](const std::string& name, const AttributeValue& path) {
    return labels(
               add_dataset(group, name, {3}, {{"dims", texts({"z"})}, {"coords__z", path}, {"coords_mode__z", text("linked")}}))
        .coords.at(0);
  };
  const Coord coord = link("a", text("../coords/height"));
  EXPECT_EQ(coord.mode, CoordMode::linked);
  EXPECT_EQ(coord.path, "/coords/height");
  EXPECT_EQ(coord.size, 3);
  EXPECT_THROW((void)coord.values(), UsageError);
  EXPECT_EQ(link("b", texts({".././coords/alias"})).path, "/coords/height");
  // Resolved lazily: what it leads to may be in a larger tree.
  EXPECT_EQ(link("c", text("../../other/height")).path, "../../other/height");
  EXPECT_THROW(link("d", text("../coords/plane")), DataError);
  EXPECT_THROW(link("e", text("/coords/height")), DataError);
  EXPECT_THROW(link("f", text("")), DataError);
  EXPECT_THROW(link("g", integers({1})), DataError);
  EXPECT_THROW((void)labels(add_dataset(
                   group, "h", {4},
                   {{"dims", texts({"z"})}, {"coords__z", text("../coords/height")}, {"coords_mode__z", text("linked")}})),
               DataError);
}

// Nothing as long as the dim may be held before lengths are compared.
TEST(Coords, HugeDims) {
  constexpr std::int64_t huge = std::int64_t{1} << 60;
  const Attributes trivial{{"dims", texts({"x"})}, {"coords_mode__x", text("trivial")}};
  const Coord coord = labels_of({huge}, trivial).coords.at(0);
  EXPECT_EQ(coord.size, huge);
  EXPECT_THROW((void)coord.values(), ResourceError);
  EXPECT_EQ(coord_of("range", integers({huge}), huge).size, huge);
  EXPECT_EQ(coord_of("arange", reals({0, static_cast<double>(huge)}), huge).size, huge);
  EXPECT_EQ(coord_of("start_and_step", integers({1, 2}), huge).size, huge);
  EXPECT_CONTAINS(mode_error("linspace", reals({0, 1, 5}), huge), "5 values for dim 'x' of length 1152921504606846976");
  EXPECT_CONTAINS(mode_error("range", integers({huge})), "1152921504606846976 values for dim 'x' of length 3");
}

TEST(Coords, MessagesFromAFileAreMadePrintable) {
  const std::string message = error_of({3}, {{"dims", texts({"x"})}, {"coords__\x1b[31m", integers({1})}}, "coords__\\x1b[31m");
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

}  // namespace
