#include "xylem/model/cf.hpp"

#include <gtest/gtest.h>

#include <limits>

using namespace xylem;

namespace {

using Signedness = CfDecoding::Signedness;

constexpr double kInf = std::numeric_limits<double>::infinity();
const DType kInt8{TypeClass::integer, 1};
const DType kInt16{TypeClass::integer, 2};
const DType kInt64{TypeClass::integer, 8};
const DType kUint8{TypeClass::uinteger, 1};
const DType kUint64{TypeClass::uinteger, 8};
const DType kFloat16{TypeClass::floating, 2};
const DType kFloat32{TypeClass::floating, 4};
const DType kFloat64{TypeClass::floating, 8};

AttributeValue integers(const DType& dtype, std::vector<std::int64_t> values) {
  AttributeValue value{dtype};
  if (values.size() != 1) value.shape = {static_cast<std::int64_t>(values.size())};
  value.data = std::move(values);
  return value;
}
AttributeValue reals(const DType& dtype, std::vector<double> values) {
  AttributeValue value{dtype};
  if (values.size() != 1) value.shape = {static_cast<std::int64_t>(values.size())};
  value.data = std::move(values);
  return value;
}
AttributeValue text(const std::string& words) {
  return {DType{TypeClass::string, 0}, {}, false, std::vector<std::string>{words}};
}

// The decoding of a dataset with these attributes, and the warnings it gave.
struct Result {
  CfDecoding cf;
  std::vector<std::string> warnings;
};
Result decode(const DType& dtype, Attributes attributes) {
  DatasetInfo info;
  info.ref = {"a.nc", "/t"};
  info.dtype = dtype;
  info.attributes = std::move(attributes);
  Result result;
  result.cf = cf_decoding(info, result.warnings);
  return result;
}
CfDecoding clean(const DType& dtype, Attributes attributes) {
  const Result result = decode(dtype, std::move(attributes));
  EXPECT_TRUE(result.warnings.empty()) << result.warnings[0];
  return result.cf;
}

std::vector<Number> signed_numbers(std::vector<std::int64_t> values) { return {values.begin(), values.end()}; }
std::vector<Number> unsigned_numbers(std::vector<std::uint64_t> values) { return {values.begin(), values.end()}; }

}  // namespace

TEST(CfDecoding, NothingAskedForIsTheIdentity) { EXPECT_EQ(clean(kFloat32, {{"units", text("K")}}), CfDecoding{}); }

TEST(CfDecoding, FillAndMissingValuesTakeTheStoredType) {
  EXPECT_EQ(clean(kFloat32, {{"_FillValue", reals(kFloat64, {1e20})}}).missing, (std::vector<Number>{double{1e20F}}));
  EXPECT_EQ(clean(kFloat16, {{"_FillValue", reals(kFloat64, {0.1})}}).missing, (std::vector<Number>{0.0999755859375}));
  EXPECT_EQ(clean(kInt16, {{"_FillValue", integers(kInt16, {-9})}, {"missing_value", reals(kFloat64, {-9, -8, -7.5})}}).missing,
            signed_numbers({-9, -8}));
  EXPECT_EQ(clean(kFloat64, {{"missing_value", integers(kInt16, {-9999, -8888})}}).missing,
            (std::vector<Number>{-9999.0, -8888.0}));
}

TEST(CfDecoding, ValuesThatTheTypeCannotHoldMatchNothing) {
  EXPECT_TRUE(clean(kInt16, {{"_FillValue", reals(kFloat32, {1e20})}}).missing.empty());
  EXPECT_TRUE(clean(kInt16, {{"_FillValue", integers(kInt64, {32768})}}).missing.empty());
  EXPECT_TRUE(clean(kUint8, {{"_FillValue", integers(kInt16, {-1})}}).missing.empty());
  EXPECT_TRUE(clean(kFloat32, {{"_FillValue", reals(kFloat64, {1e300})}}).missing.empty());
  EXPECT_TRUE(clean(kFloat16, {{"_FillValue", reals(kFloat64, {65520})}}).missing.empty());
  EXPECT_TRUE(clean(kFloat32, {{"_FillValue", reals(kFloat32, {std::numeric_limits<double>::quiet_NaN()})}}).missing.empty());
  EXPECT_EQ(clean(kFloat32, {{"_FillValue", reals(kFloat32, {kInf})}}).missing, (std::vector<Number>{kInf}));
  EXPECT_EQ(clean(kUint64, {{"_FillValue", reals(kFloat64, {0x1p63})}}).missing, unsigned_numbers({std::uint64_t{1} << 63}));
  EXPECT_TRUE(clean(kUint64, {{"_FillValue", reals(kFloat64, {0x1p64})}}).missing.empty());
  EXPECT_EQ(clean(kInt64, {{"_FillValue", reals(kFloat64, {-0x1p63})}}).missing,
            signed_numbers({std::numeric_limits<std::int64_t>::min()}));
  EXPECT_TRUE(clean(kInt64, {{"_FillValue", reals(kFloat64, {0x1p63})}}).missing.empty());
}

TEST(CfDecoding, UnsignedReinterpretsElementsFillsAndBounds) {
  const CfDecoding cf = clean(kInt8, {{"_Unsigned", text("true")},
                                      {"_FillValue", integers(kInt8, {-1})},
                                      {"missing_value", integers(kInt16, {254})},
                                      {"valid_range", integers(kInt8, {0, -6})}});
  EXPECT_EQ(cf.signedness, Signedness::as_unsigned);
  EXPECT_EQ(packed_dtype(kInt8, cf).name(), "uint8");
  EXPECT_EQ(cf.missing, unsigned_numbers({255, 254}));
  EXPECT_EQ(cf.valid_min, Number(std::uint64_t{0}));
  EXPECT_EQ(cf.valid_max, Number(std::uint64_t{250}));

  const CfDecoding back = clean(kUint8, {{"_Unsigned", text("false")}, {"_FillValue", integers(kUint8, {255})}});
  EXPECT_EQ(packed_dtype(kUint8, back).name(), "int8");
  EXPECT_EQ(back.missing, signed_numbers({-1}));
  EXPECT_EQ(clean(kInt8, {{"_Unsigned", text("false")}}).signedness, Signedness::as_stored);
}

TEST(CfDecoding, ScaleAndOffset) {
  const CfDecoding cf = clean(kInt16, {{"scale_factor", reals(kFloat32, {double{0.1F}})}});
  EXPECT_TRUE(cf.scaled);
  EXPECT_EQ(cf.scale_factor, double{0.1F});
  EXPECT_EQ(cf.add_offset, 0.0);
  EXPECT_EQ(clean(kInt16, {{"add_offset", integers(kInt16, {5})}}).add_offset, 5.0);
}

TEST(CfDecoding, BoundsArePackedUnlessTheyHaveTheUnpackedType) {
  const auto scale = reals(kFloat32, {double{0.1F}});
  const CfDecoding packed = clean(kInt16, {{"scale_factor", scale}, {"valid_range", integers(kInt16, {-10, 10})}});
  EXPECT_EQ(packed.valid_min, Number(std::int64_t{-10}));
  EXPECT_EQ(packed.valid_max, Number(std::int64_t{10}));
  EXPECT_FALSE(packed.unpacked_min || packed.unpacked_max);

  const CfDecoding unpacked = clean(kInt16, {{"scale_factor", scale}, {"valid_range", reals(kFloat32, {-10, 10})}});
  EXPECT_EQ(unpacked.unpacked_min, -10.0);
  EXPECT_EQ(unpacked.unpacked_max, 10.0);
  EXPECT_FALSE(unpacked.valid_min || unpacked.valid_max);

  // Not the type of scale_factor; the wider of scale_factor and add_offset; no wider than the packed type.
  EXPECT_TRUE(clean(kInt16, {{"scale_factor", scale}, {"valid_min", reals(kFloat64, {-10})}}).valid_min);
  EXPECT_TRUE(
      clean(kInt16, {{"scale_factor", scale}, {"add_offset", reals(kFloat64, {1})}, {"valid_min", reals(kFloat64, {-10})}})
          .unpacked_min);
  EXPECT_TRUE(clean(kFloat32, {{"scale_factor", scale}, {"valid_min", reals(kFloat32, {-10})}}).valid_min);
}

TEST(CfDecoding, BoundsOfIntegersAreRoundedInwardsAndCut) {
  const CfDecoding rounded = clean(kInt16, {{"valid_range", reals(kFloat64, {-1.5, 1.5})}});
  EXPECT_EQ(rounded.valid_min, Number(std::int64_t{-1}));
  EXPECT_EQ(rounded.valid_max, Number(std::int64_t{1}));
  const CfDecoding open = clean(kUint8, {{"valid_range", reals(kFloat64, {-1e30, 1e30})}});
  EXPECT_FALSE(open.valid_min || open.valid_max);
  // No uint8 is above 300: nothing is valid, whatever the other bound.
  const CfDecoding empty = clean(kUint8, {{"valid_range", integers(kInt16, {300, 400})}});
  EXPECT_GT(*empty.valid_min, *empty.valid_max);
  const CfDecoding negative = clean(kUint8, {{"valid_max", integers(kInt16, {-1})}});
  EXPECT_GT(*negative.valid_min, *negative.valid_max);
}

TEST(CfDecoding, BoundsOfFloatsTakeTheStoredType) {
  EXPECT_EQ(clean(kFloat32, {{"valid_max", reals(kFloat64, {0.7})}}).valid_max, Number(double{0.7F}));
  // Beyond the largest float32: every finite number is below, infinity is not.
  EXPECT_EQ(clean(kFloat32, {{"valid_max", reals(kFloat64, {1e300})}}).valid_max,
            Number(double{std::numeric_limits<float>::max()}));
  EXPECT_EQ(clean(kFloat32, {{"valid_min", reals(kFloat64, {1e300})}}).valid_min, Number(kInf));
  EXPECT_EQ(clean(kFloat32, {{"valid_min", reals(kFloat64, {-1e300})}}).valid_min,
            Number(-double{std::numeric_limits<float>::max()}));
}

TEST(CfDecoding, ValidRangeGoesBeforeItsParts) {
  const CfDecoding cf = clean(kInt16, {{"valid_range", integers(kInt16, {1, 2})}, {"valid_max", integers(kInt16, {100})}});
  EXPECT_EQ(cf.valid_max, Number(std::int64_t{2}));
}

TEST(CfDecoding, MalformedAttributesAreNamedAndIgnored) {
  const Result fill = decode(kInt16, {{"_FillValue", text("none")}});
  EXPECT_EQ(fill.cf, CfDecoding{});
  ASSERT_EQ(fill.warnings.size(), 1U);
  EXPECT_EQ(fill.warnings[0], "a.nc: /t: attribute _FillValue = \"none\" is ignored (it should be one number)");

  AttributeValue null{kInt16};
  null.null = true;
  const Result many = decode(kInt16, {{"_FillValue", integers(kInt16, {1, 2})},
                                      {"missing_value", null},
                                      {"scale_factor", reals(kFloat64, {0.1, 0.2})},
                                      {"add_offset", reals(kFloat64, {kInf})},
                                      {"valid_range", integers(kInt16, {1, 2, 3})},
                                      {"valid_min", integers(kInt16, {-7})},
                                      {"valid_max", reals(kFloat64, {std::numeric_limits<double>::quiet_NaN()})},
                                      {"_Unsigned", text("maybe")}});
  EXPECT_EQ(many.warnings.size(), 7U);  // all but valid_min
  CfDecoding expected;
  expected.valid_min = std::int64_t{-7};
  EXPECT_EQ(many.cf, expected);
  EXPECT_EQ(decode(kFloat32, {{"_Unsigned", text("true")}}).warnings.size(), 1U);
}
