#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xylem/model/attribute.hpp"
#include "xylem/model/label_values.hpp"

namespace xylem {

/// How a time coordinate counts: "hours since 2000-01-01 06:00" in one of CF's calendars (CF conventions 4.4).
struct TimeUnits {
  /// Calendars of the same days: `real` ones (standard, gregorian, proleptic_gregorian, julian) number the days that there were,
  /// and differ in the names of days long ago only.
  enum class Days : std::uint8_t { real, no_leap, all_leap, of_360 };

  Days days = Days::real;         ///< of the calendar
  std::string calendar{};         ///< as the attribute has it; "standard" where there is none
  std::int64_t unit = 0;          ///< nanoseconds
  std::int64_t epoch_day = 0;     ///< of the reference time, in its calendar's days
  std::int64_t epoch_in_day = 0;  ///< nanoseconds; UTC

  friend bool operator==(const TimeUnits&, const TimeUnits&) = default;
};

/// What the attributes `units` and `calendar` say; nothing where they are not those of times. Months and years are no units of
/// time: they are not all alike.
[[nodiscard]] std::optional<TimeUnits> time_units(const Attributes& attributes);

/// Times in other units: integers stay integers where all are whole in them. Nothing where the calendars have different days, or
/// values are strings.
[[nodiscard]] std::optional<LabelValues> convert_times(const LabelValues& values, const TimeUnits& from, const TimeUnits& to);

/// Times from `first` to before `end`, as values in some units.
struct TimeSpan {
  double first = 0;
  double end = 0;
};
/// The times that "2000-01", "2000-01-31" or "2000-01-31T06:30" name, as values in `units`. Nothing where the text is no date of
/// that calendar.
[[nodiscard]] std::optional<TimeSpan> span_of_date(const std::string& date, const TimeUnits& units);

}  // namespace xylem
