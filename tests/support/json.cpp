#include "xylem/support/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "xylem/support/error.hpp"

using namespace xylem;

TEST(FormatDouble, StaysAFloat) {
  EXPECT_EQ(format_double(3), "3.0");
  EXPECT_EQ(format_double(-0.0), "-0.0");
  EXPECT_EQ(format_double(0.1), "0.1");
  EXPECT_EQ(format_double(1e20), "1e+20");
  EXPECT_EQ(format_double(-1e-300), "-1e-300");
  EXPECT_EQ(format_double(5e-324), "5e-324");
  EXPECT_EQ(format_double(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(format_double(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(format_double(std::nan("")), "nan");
}

TEST(JsonWriter, NestsAndIndents) {
  JsonWriter json;
  json.begin_object().key("empty").begin_array().end_array().key("shape").inline_array({1, 2, 3});
  json.key("rows").begin_array().value(1).begin_object().end_object().null().value(true).value("x").end_array();
  EXPECT_EQ(json.end_object().str(), R"({
  "empty": [],
  "shape": [1, 2, 3],
  "rows": [
    1,
    {},
    null,
    true,
    "x"
  ]
}
)");
}

TEST(JsonWriter, NumbersAreTheirOwnKind) {
  JsonWriter json;
  json.begin_array().value(std::numeric_limits<std::int64_t>::min()).value(std::numeric_limits<std::uint64_t>::max());
  json.value(1e300 * 10).value(2.0).value(std::nan("")).value(std::numeric_limits<double>::infinity());
  json.value(-std::numeric_limits<double>::infinity()).number_text("123456789012345678901234567890").end_array();
  EXPECT_EQ(json.str(), R"([
  -9223372036854775808,
  18446744073709551615,
  1e+301,
  2.0,
  null,
  "Infinity",
  "-Infinity",
  123456789012345678901234567890
]
)");
}

TEST(JsonWriter, RefusesToEndWhatWasNotBegun) {
  EXPECT_THROW(JsonWriter().end_array(), InternalError);
  EXPECT_THROW(JsonWriter().end_object(), InternalError);
}
