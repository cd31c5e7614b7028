#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/node.hpp"

#include "array/fixture.hpp"

using namespace xylem;
using test::known;
using test::message_of;

namespace {

struct Expressions : ::testing::Test {
  test::Memory memory;

  Expressions() {
    memory.add("t", ElementType::float32, {{"time", 3}, {"lat", 2}}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0},
               {known("time", std::vector<std::string>{"jan", "feb", "mar"}), known("lat", std::vector<double>{-30, 30})});
    for (const char* name : {"u", "v", "atm/u", "/atm/u", "sea-level", "atm/sea-level", "a b"}) {
      memory.add(name, ElementType::float64, {{"time", 3}}, {1.0, 2.0, 3.0});
    }
    memory.add("flags", ElementType::uint8, {{"time", 3}}, {std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{5}});
    memory.add("n", ElementType::int32, {}, {std::int64_t{3}});
  }

  // The only value of an expression.
  [[nodiscard]] double value(const std::string& text) const {
    const auto values = memory.evaluate(memory.parse(text)).values;
    EXPECT_EQ(values.size(), 1U) << text;
    return std::visit([](auto v) { return static_cast<double>(v); }, values.at(0));
  }
  [[nodiscard]] std::vector<double> values(const std::string& text) const {
    std::vector<double> result;
    for (const Number& value : memory.evaluate(memory.parse(text)).values) {
      result.push_back(std::visit([](auto v) { return static_cast<double>(v); }, value));
    }
    return result;
  }
  [[nodiscard]] std::string error(const std::string& text) const {
    return message_of([&] { return memory.parse(text); });
  }
};

using Reals = std::vector<double>;

}  // namespace

TEST_F(Expressions, BindAsInPython) {
  EXPECT_EQ(value("2 + 3 * 4"), 14);
  EXPECT_EQ(value("(2 + 3) * 4"), 20);
  EXPECT_EQ(value("10 - 4 - 3"), 3);
  EXPECT_EQ(value("2 ** 3 ** 2"), 512);
  EXPECT_EQ(value("2 ^ 3 ^ 2"), 512);
  EXPECT_EQ(value("-2 ** 2"), -4);
  EXPECT_EQ(value("2 ** -1"), 0.5);
  EXPECT_EQ(value("2 ** -2 ** 2"), 0.0625);
  EXPECT_EQ(value("-7 // 2"), -4);
  EXPECT_EQ(value("-7 % 3"), 2);
  EXPECT_EQ(value("7 / 2"), 3.5);
  EXPECT_EQ(value("8 / 2 / 2"), 2);
  EXPECT_EQ(value("--3"), 3);
  EXPECT_EQ(value("1 + 2 == 3"), 1);
  EXPECT_EQ(value("not 1 == 2"), 1);
  EXPECT_EQ(value("true or false and false"), 1);
  EXPECT_EQ(value("not true or true"), 1);
  EXPECT_EQ(value("!false & false"), 0);
  EXPECT_EQ(value("1 < 2 < 3"), 1);
  EXPECT_EQ(value("1 < 3 < 2"), 0);
  EXPECT_EQ(value("6 | 1 & 3"), 7);
  EXPECT_EQ(value("~5"), -6);
  EXPECT_EQ(value("n * 2"), 6);
}

TEST_F(Expressions, NumbersAreWrittenAsInPython) {
  EXPECT_EQ(value("1.5e-3"), 1.5e-3);
  EXPECT_EQ(value(".5"), 0.5);
  EXPECT_EQ(value("2."), 2);
  EXPECT_EQ(value("1E2"), 100);
  EXPECT_EQ(memory.parse("18446744073709551615").dtype(), ElementType::uint64);
  EXPECT_EQ(memory.parse("t * 2").dtype(), ElementType::float32);
  EXPECT_EQ(memory.parse("t * 2.5").dtype(), ElementType::float32);
  EXPECT_EQ(memory.parse("flags == 18446744073709551615").dtype(), ElementType::boolean);
  EXPECT_EQ(error("18446744073709551616"),
            "the number 18446744073709551616 is out of range (at column 1 of '18446744073709551616')");
  EXPECT_EQ(error("1e999"), "the number 1e999 is out of range (at column 1 of '1e999')");
  EXPECT_EQ(error("2t"), "a name directly after the number 2 (put '*' between them to multiply) (at column 2 of '2t')");
  EXPECT_EQ(value("-9223372036854775808"), -0x1p63);
  EXPECT_EQ(error("18446744073709551615 + 1").substr(0, 36), "the result of '+' does not fit in 64");
  EXPECT_EQ(error("astype(300, int8)"), "300 does not fit in int8 (at column 1 of 'astype(300, int8)')");
  EXPECT_TRUE(std::isnan(value("nan")));
  EXPECT_EQ(value("-inf"), -std::numeric_limits<double>::infinity());
}

TEST_F(Expressions, NamesAndPaths) {
  EXPECT_EQ(values("u / v"), (Reals{1, 1, 1}));
  EXPECT_EQ(values("atm/u"), (Reals{1, 2, 3}));
  EXPECT_EQ(values("u*/atm/u"), (Reals{1, 4, 9}));
  EXPECT_EQ(values("u//atm/u"), (Reals{1, 1, 1}));  // Python's floor division
  EXPECT_EQ(values("(u)/v"), (Reals{1, 1, 1}));
  EXPECT_EQ(values("u/2"), (Reals{0.5, 1, 1.5}));
  EXPECT_EQ(values("`sea-level` + `a b`"), (Reals{2, 4, 6}));
  EXPECT_EQ(error("u/v"), "no array 'u/v'; to divide, write 'u / v' with blanks (at column 1 of 'u/v')");
  EXPECT_EQ(error("sea-level"), "no array 'sea'; write `sea-level` in backticks if that is meant (at column 1 of 'sea-level')");
  EXPECT_EQ(error("1 + flag"), "no array 'flag'; did you mean 'flags'? (at column 5 of '1 + flag')");
  EXPECT_EQ(error("`u"), "the name that begins with ` here does not end (at column 1 of '`u')");
  EXPECT_EQ(error("``"), "an empty name (at column 1 of '``')");
}

TEST_F(Expressions, Functions) {
  EXPECT_EQ(value("mean(t)"), 3.5);
  EXPECT_EQ(values("mean(t, time)"), (Reals{3, 4}));
  EXPECT_EQ(values("t.mean('time')"), (Reals{3, 4}));
  EXPECT_EQ(values("t[lat=0].max(keepdims=true)"), Reals{5});
  EXPECT_DOUBLE_EQ(value("std(sqrt(u^2 + v^2), time, ddof=1)"), std::sqrt(2.0));
  EXPECT_EQ(values("where(u > 1, u, -1)"), (Reals{-1, 2, 3}));
  EXPECT_EQ(values("clip(u, 1.5, 2.5)"), (Reals{1.5, 2, 2.5}));
  EXPECT_EQ(values("clip(u, max=2)"), (Reals{1, 2, 2}));
  EXPECT_EQ(values("isin(flags, [4, 5])"), (Reals{0, 1, 1}));
  EXPECT_EQ(values("(flags & 4) != 0"), (Reals{0, 1, 1}));
  EXPECT_EQ(memory.parse("astype(t, int16)").dtype(), ElementType::int16);
  EXPECT_EQ(summary(memory.parse("rename(t, time=step)")), "float32 (step: 3, lat: 2)");
  EXPECT_EQ(summary(memory.parse("transpose(t)")), "float32 (lat: 2, time: 3)");
  EXPECT_EQ(summary(memory.parse("expand_dims(t, member).squeeze()")), "float32 (time: 3, lat: 2)");
  EXPECT_EQ(summary(memory.parse("concat(u, v, dim=member)")), "float64 (member: 2, time: 3)");
  EXPECT_EQ(value("sum(coord(t, lat))"), 0);
  EXPECT_EQ(value("mean(t, weights=coord(t, lat) + 31)"), 3.5 + 0.5 * 60 / 62);
  EXPECT_EQ(value("cov(u, 2 * v, time)"), 2);
  EXPECT_EQ(value("corr(u, -v)"), -1);
  EXPECT_EQ(value("dot(u, v, time)"), 14);
}

TEST_F(Expressions, FunctionMistakes) {
  EXPECT_EQ(error("mena(t)"), "no function 'mena'; did you mean 'mean'? (at column 1 of 'mena(t)')");
  EXPECT_EQ(error("1 + mean(t, tme)"),
            "no dim 'tme' (dims: time, lat); did you mean 'time'? (at column 13 of '1 + mean(t, tme)')");
  EXPECT_EQ(error("mean(t, skip=false)"),
            "mean() has no argument 'skip'; did you mean 'skipna'?; it is written mean(x, dims..., skipna=true, weights=w, "
            "keepdims=false) "
            "(at column 9 of 'mean(t, skip=false)')");
  EXPECT_EQ(error("mean(t, skipna=1)"), "skipna is true or false (at column 16 of 'mean(t, skipna=1)')");
  EXPECT_EQ(error("std(t, ddof=0.5)"), "ddof is a whole number of 0 or more (at column 13 of 'std(t, ddof=0.5)')");
  EXPECT_EQ(error("max(t, ddof=1)"),
            "max() has no argument 'ddof'; it is written max(x, dims..., skipna=true, keepdims=false) "
            "(at column 8 of 'max(t, ddof=1)')");
  EXPECT_EQ(error("corr(t, u, time, time)"), "the dim 'time' is named twice (at column 18 of 'corr(t, u, time, time)')");
  EXPECT_EQ(error("squeeze(t, x)"), "no dim 'x' (dims: time, lat) (at column 12 of 'squeeze(t, x)')");
  EXPECT_EQ(error("min(u, 2)"),
            "min() expects the name of a dim here; it is written min(x, dims..., skipna=true, keepdims=false) (at column 8 of "
            "'min(u, 2)')");
  EXPECT_EQ(error("sqrt(u, v)"), "sqrt() was given 2 arguments; it is written sqrt(x) (at column 1 of 'sqrt(u, v)')");
  EXPECT_EQ(error("astype(u, float)").substr(0, 16), "no type 'float' ");
  EXPECT_EQ(error("isin(u, 3)"), "isin() looks for a list of values, as in isin(x, [1, 4, 7]) (at column 9 of 'isin(u, 3)')");
  EXPECT_EQ(error("concat(u, v)"),
            "concat() was given 2 arguments; it is written concat(x, y, ..., dim=name) (at column 1 of 'concat(u, v)')");
  EXPECT_EQ(error("mean(t, ddof=1, time)"),
            "arguments without a name come before those with one (at column 17 of 'mean(t, ddof=1, time)')");
  EXPECT_EQ(error("std(t, ddof=1, ddof=1)"), "'ddof' is given twice (at column 16 of 'std(t, ddof=1, ddof=1)')");
  EXPECT_EQ(
      error("where(u, u, u)"),
      "the condition of where() is float64, not bool; compare it with something, as in x > 0 (at column 1 of 'where(u, u, u)')");
  EXPECT_EQ(error("astype(nan, int8)"),
            "nan cannot become int8 (its range does not hold it); use fillna, where or clip first (at column 1 of 'astype(nan, "
            "int8)')");
}

TEST_F(Expressions, Slices) {
  EXPECT_EQ(values("t[time=0]"), (Reals{1, 2}));
  EXPECT_EQ(values("t[time=-1, lat=0]"), Reals{5});
  EXPECT_EQ(values("t[time=::2, lat=1]"), (Reals{2, 6}));
  EXPECT_EQ(values("t[time=0:2, lat=-1:]"), (Reals{2, 4}));
  EXPECT_EQ(values("t[time=[2, 0], lat=0]"), (Reals{5, 1}));
  EXPECT_EQ(values("t[time=@\"feb\"]"), (Reals{3, 4}));
  EXPECT_EQ(values("t[time=@['mar', 'jan'], lat=@30]"), (Reals{6, 2}));
  EXPECT_EQ(values("t[time=0, lat=-30..30]"), (Reals{1, 2}));
  EXPECT_EQ(values("t[time=0, lat=0..]"), Reals{2});
  EXPECT_EQ(values("t[time=0, lat=..-1.5]"), Reals{1});
  EXPECT_EQ(values("t[time=0, lat=~25]"), Reals{2});
  EXPECT_EQ(values("t[time=0, lat=~-25.5 within 5]"), Reals{1});
  EXPECT_EQ(values("t[time='feb'..'mar', lat=0]"), std::vector<double>({3, 5}));
  EXPECT_EQ(values("t[time=0][lat=1] * 2"), Reals{4});
}

TEST_F(Expressions, SliceMistakes) {
  EXPECT_EQ(error("t[0]"), "a slice names its dims, as in t[time=0:10, lat=-30..30] (at column 3 of 't[0]')");
  EXPECT_EQ(
      error("t[lat=45.5]"),
      "45.5 is no position; write @45.5 for this value, ~45.5 for the nearest, or a range 45.5.. (at column 7 of 't[lat=45.5]')");
  EXPECT_EQ(error("t[time=\"feb\"]"), "\"feb\" is no position; write @\"feb\" for this value (at column 8 of 't[time=\"feb\"]')");
  EXPECT_EQ(error("u + t[time=0, time=1]"), "the dim 'time' is named twice (at column 15 of 'u + t[time=0, time=1]')");
  EXPECT_EQ(error("t[time=7]"), "position 7 is outside the dim 'time' of 3 elements (at column 3 of 't[time=7]')");
  EXPECT_EQ(error("t[time=0, lon=1]"), "no dim 'lon' (dims: lat) (at column 11 of 't[time=0, lon=1]')");
  EXPECT_EQ(error("t[lat=@31]"), "31 is not among the 2 values of 'lat' (the nearest is 30.0) (at column 3 of 't[lat=@31]')");
  EXPECT_EQ(error("t[lat=..]"), "a range has a first or a last value; write ':' for all (at column 7 of 't[lat=..]')");
  EXPECT_EQ(error("t[lat=~1 within -2]"), "a distance is a number of 0 or more (at column 17 of 't[lat=~1 within -2]')");
  EXPECT_EQ(error("t[lat=0:1:0]"), "the step of a slice along 'lat' is 0 (at column 3 of 't[lat=0:1:0]')");
  EXPECT_EQ(error("t[lat=0"), "expected ']' to end the slice, not the end (at column 8 of 't[lat=0')");
  EXPECT_EQ(error("t[lat=x]"),
            "expected a position, a slice like 0:10, a range of values like -30..30, @value or ~value, not the name 'x' (at "
            "column 7 of "
            "'t[lat=x]')");
}

TEST_F(Expressions, SyntaxMistakes) {
  EXPECT_EQ(error(""), "the expression is empty (at column 1 of '')");
  EXPECT_EQ(error("mean(t"), "expected ')' to end the arguments of mean(), not the end (at column 7 of 'mean(t')");
  EXPECT_EQ(error("mean(t))"), "expected an operator or the end, not ')' (at column 8 of 'mean(t))')");
  EXPECT_EQ(error("(u + v"), "expected ')' to close the '(' of column 1, not the end (at column 7 of '(u + v')");
  EXPECT_EQ(error("u +"), "expected a name, a number or '(', not the end (at column 4 of 'u +')");
  EXPECT_EQ(error("u = 3"), "expected an operator or the end, not '='; to compare write == (at column 3 of 'u = 3')");
  EXPECT_EQ(error("u && v"), "'&&' is no operator here; write 'and' (at column 3 of 'u && v')");
  EXPECT_EQ(error("u $ v"), "'$' has no meaning here (at column 3 of 'u $ v')");
  EXPECT_EQ(
      error("u > 0 & v > 0"),
      "'&' next to a comparison needs parentheses, as in (a > 0) & (b > 0); or write 'and' (at column 7 of 'u > 0 & v > 0')");
  EXPECT_EQ(error("!u > 0"),
            "'!' next to a comparison needs parentheses, as in !(a > 0); or write 'not' (at column 1 of '!u > 0')");
  EXPECT_EQ(error("\"abc\""), "the string \"abc\" is no array; strings name dims and label values (at column 1 of '\"abc\"')");
  EXPECT_EQ(error("[1, 2] + u"), "a list is no array; lists are for isin() and for slices (at column 1 of '[1, 2] + u')");
  EXPECT_EQ(error("u.mean"),
            "after '.' comes a function, as in t.mean(time); put names that hold a '.' in backticks (at column 2 of 'u.mean')");
  EXPECT_EQ(error("u + größe + zz"), "no array 'größe' (at column 5 of 'u + größe + zz')");
  EXPECT_EQ(error("u + \"é\" + ("), "expected a name, a number or '(', not the end (at column 12 of 'u + \"é\" + (')");
  // Long expressions are shown around the place.
  const std::string text = error(std::string(200, ' ') + "u + zz" + std::string(200, ' '));
  EXPECT_NE(text.find("at column 205 of '…"), std::string::npos) << text;
  EXPECT_LT(text.size(), 200U);
}

TEST_F(Expressions, NestingIsLimited) {
  const auto repeat = [](const std::string& text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
  };
  const std::string deep = "nested more than 500 deep; split it into several";
  EXPECT_NE(error(repeat("(", 1000000)).find(deep), std::string::npos);
  EXPECT_NE(error(repeat("-", 1000000) + "1").find(deep), std::string::npos);
  EXPECT_NE(error(repeat("abs(", 1000000)).find(deep), std::string::npos);
  EXPECT_NE(error(repeat("2**", 1000000) + "1").find(deep), std::string::npos);
  EXPECT_NE(error("u" + repeat("+u", 1000000)).find(deep), std::string::npos);
  EXPECT_NE(error("u" + repeat("[time=:]", 1000000)).find(deep), std::string::npos);
  EXPECT_NE(error(repeat("[", 1000000)).find(deep), std::string::npos);
  EXPECT_EQ(error(repeat("(", 400) + "u" + repeat(")", 400)), "no error");
  EXPECT_EQ(error("u" + repeat(" + u", 400)), "no error");
}

TEST_F(Expressions, AnyTextIsAnArrayOrAUsageError) {
  std::mt19937 random(7);  // NOLINT: the same every time
  const std::vector<std::string> words{
      "t",      "u",     "atm/u",   "mean", "where",  "(",     ")",    "[",    "]",   ",",      "=",   "+",
      "-",      "*",     "**",      "//",   "/",      "^",     "..",   ":",    "@",   "~",      "1",   "0",
      "2.5",    "1e300", "-7",      "lat",  "time",   "true",  "and",  "not",  "<",   "==",     "&",   "|",
      "!",      "'a'",   "\"jan\"", ".",    "astype", "int8",  "isin", "ddof", "dim", "concat", "cov", "9223372036854775807",
      "within", "`",     "\xff",    "é",    "coord",  "flags", "nan",  "sum"};
  int arrays = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text;
    const bool bytes = round % 3 == 0;
    for (auto n = random() % 14; n > 0; --n)
      text += bytes ? std::string(1, static_cast<char>(random() % 256)) : words[random() % words.size()];
    try {
      const Array array = memory.parse(text);
      ++arrays;
      static_cast<void>(summary(array));
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("(at column "), std::string::npos) << text;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << text;
    }
  }
  EXPECT_GT(arrays, 300);
}
