#include "xylem/model/cf_time.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace xylem;

namespace {

using Integers = std::vector<std::int64_t>;
using Reals = std::vector<double>;

AttributeValue text(const std::string& value) {
  AttributeValue attribute{{TypeClass::string, 1}};
  attribute.data = std::vector<std::string>{value};
  return attribute;
}

std::optional<TimeUnits> units(const std::string& units, const std::string& calendar = "") {
  Attributes attributes{{"units", text(units)}};
  if (!calendar.empty()) attributes.emplace("calendar", text(calendar));
  return time_units(attributes);
}

TEST(TimeUnits, CountTheDaysOfTheirCalendar) {
  struct Case {
    const char* date;
    double standard, proleptic, julian, no_leap, all_leap, of_360;
  };
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  // As cftime 1.6.2 counts them.
  const Case cases[] = {
      {"0001-01-01", -719164, -719162, -719177, -718685, -720654, -708840},
      {"0004-02-28", -718011, -718009, -718024, -717532, -719498, -707703},
      {"1582-10-04", -141428, -141438, -141441, -141344, -141731, -139407},
      {"1582-10-15", -141427, -141427, -141430, -141333, -141720, -139396},
      {"1600-12-30", -134776, -134776, -134779, -134687, -135056, -132841},
      {"1900-03-01", -25508, -25508, -25508, -25491, -25560, -25140},
      {"2000-02-29", 11016, 11016, 11016, none, 11039, 10858},
      {"2024-12-30", 20087, 20087, 20087, 20073, 20128, 19799},
  };
  const auto expect = [](const char* date, const char* calendar, double days) {
    const auto span = span_of_date(date, *units("days since 1970-01-01", calendar));
    ASSERT_EQ(span.has_value(), !std::isnan(days)) << date << " " << calendar;
    if (!span) return;
    EXPECT_EQ(span->first, days) << date << " " << calendar;
    EXPECT_EQ(span->end, days + 1) << date << " " << calendar;
  };
  for (const Case& one : cases) {
    expect(one.date, "standard", one.standard);
    expect(one.date, "gregorian", one.standard);
    expect(one.date, "proleptic_gregorian", one.proleptic);
    expect(one.date, "julian", one.julian);
    expect(one.date, "noleap", one.no_leap);
    expect(one.date, "365_day", one.no_leap);
    expect(one.date, "all_leap", one.all_leap);
    expect(one.date, "360_day", one.of_360);
  }
}

TEST(TimeUnits, AreReadFromTheirText) {
  EXPECT_EQ(units("days since 2000-01-01"), units("Days since 2000-1-1 00:00:00", "Standard"));
  EXPECT_EQ(units("hours since 2000-01-01T06:30"), units("hours since 2000-01-01 08:30:00.0 +02:00"));
  EXPECT_EQ(units("hours since 2000-01-01 06:30Z"), units("h since 2000-01-01 01:30 -0500"));
  EXPECT_EQ(units("seconds since 2000-01-01 00:00:00.25 UTC")->epoch_in_day, 250'000'000);
  for (const char* odd : {"days", "days since", "K", "months since 2000-01-01", "days since yesterday", "days since 2000-13-01",
                          "days since 2000-02-30", "days since 2000-01-01 25:00", "days since 2000-01-01T",
                          "days since 2000-01-01 x", "days since 99999999999999999999-01-01"}) {
    EXPECT_EQ(units(odd), std::nullopt) << odd;
  }
  EXPECT_EQ(units("days since 2000-01-01", "maya"), std::nullopt);
  EXPECT_EQ(time_units({}), std::nullopt);
}

TEST(TimeUnits, AreConverted) {
  const TimeUnits days = *units("days since 2000-01-01"), later = *units("days since 2000-01-11");
  const TimeUnits hours = *units("hours since 1999-12-31 12:00");
  EXPECT_EQ(convert_times(Integers{0, 5}, later, days), LabelValues(Integers{10, 15}));
  EXPECT_EQ(convert_times(Integers{12, 36}, hours, days), LabelValues(Integers{0, 1}));
  EXPECT_EQ(convert_times(Integers{12, 18}, hours, days), LabelValues(Reals{0, 0.25}));
  EXPECT_EQ(convert_times(Integers{1}, days, hours), LabelValues(Integers{36}));
  EXPECT_EQ(convert_times(Reals{0.5, std::nan("")}, later, days)->index(), 1U);
  EXPECT_EQ(std::get<Reals>(*convert_times(Reals{0.1}, later, days))[0], 10.1);
  EXPECT_EQ(convert_times(Integers{std::numeric_limits<std::int64_t>::max()}, days, hours)->index(), 1U);
  EXPECT_EQ(convert_times(Integers{0}, *units("days since 0001-01-01", "proleptic_gregorian"), days),
            LabelValues(Integers{-730119}));
  EXPECT_EQ(convert_times(Integers{0}, *units("days since 2000-01-01", "noleap"), days), std::nullopt);
  EXPECT_EQ(convert_times(std::vector<std::string>{"x"}, days, days), std::nullopt);
}

TEST(TimeUnits, DatesNameSpans) {
  const TimeUnits hours = *units("hours since 2000-01-01");
  const auto span = [&](const char* date) {
    const auto found = span_of_date(date, hours);
    return found ? std::pair(found->first, found->end) : std::pair(-1.0, -1.0);
  };
  EXPECT_EQ(span("2000"), std::pair(0.0, 366.0 * 24));
  EXPECT_EQ(span("2000-02"), std::pair(31.0 * 24, 60.0 * 24));
  EXPECT_EQ(span("2000-12"), std::pair(335.0 * 24, 366.0 * 24));
  EXPECT_EQ(span("2000-01-02"), std::pair(24.0, 48.0));
  EXPECT_EQ(span("2000-01-02T06"), std::pair(30.0, 31.0));
  EXPECT_EQ(span("2000-01-02 06:30"), std::pair(30.5, 30.5 + 1.0 / 60));
  EXPECT_EQ(span("2000-01-02T06:30:00+01:00").first, 29.5);
  EXPECT_EQ(span("tomorrow"), std::pair(-1.0, -1.0));
  EXPECT_EQ(span("2001-02-29"), std::pair(-1.0, -1.0));
}

}  // namespace
