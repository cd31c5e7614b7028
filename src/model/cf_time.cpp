#include "xylem/model/cf_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace xylem {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t day = 86'400 * second;

std::optional<std::int64_t> unit_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 29> units{{
      {"weeks", 7 * day},
      {"week", 7 * day},
      {"days", day},
      {"day", day},
      {"d", day},
      {"hours", 3600 * second},
      {"hour", 3600 * second},
      {"hrs", 3600 * second},
      {"hr", 3600 * second},
      {"h", 3600 * second},
      {"minutes", 60 * second},
      {"minute", 60 * second},
      {"mins", 60 * second},
      {"min", 60 * second},
      {"seconds", second},
      {"second", second},
      {"secs", second},
      {"sec", second},
      {"s", second},
      {"milliseconds", second / 1000},
      {"millisecond", second / 1000},
      {"msecs", second / 1000},
      {"msec", second / 1000},
      {"ms", second / 1000},
      {"microseconds", 1000},
      {"microsecond", 1000},
      {"nanoseconds", 1},
      {"nanosecond", 1},
      {"ns", 1},
  }};
  const auto found = std::ranges::find(units, name, &std::pair<std::string_view, std::int64_t>::first);
  return found == units.end() ? std::nullopt : std::optional(found->second);
}

std::optional<TimeUnits::Days> days_of(std::string_view calendar) {
  using Days = TimeUnits::Days;
  for (const char* name : {"standard", "gregorian", "proleptic_gregorian", "julian"}) {
    if (calendar == name) return Days::real;
  }
  if (calendar == "noleap" || calendar == "365_day") return Days::no_leap;
  if (calendar == "all_leap" || calendar == "366_day") return Days::all_leap;
  if (calendar == "360_day") return Days::of_360;
  return std::nullopt;
}

bool is_gregorian_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

struct Date {
  std::int64_t year;
  int month = 1;
  int day = 1;
  friend auto operator<=>(const Date&, const Date&) = default;
};

// The standard calendar is Julian before this day.
constexpr Date reform{1582, 10, 15};

// Days of a calendar up to a date; of real ones from the same day on. Nothing where there is no such date.
std::optional<std::int64_t> number_of(const Date& date, const TimeUnits& units) {
  constexpr std::array<int, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.month < 1 || date.month > 12 || date.day < 1 || std::abs(date.year) > 1'000'000) return std::nullopt;
  const bool is_julian = units.calendar == "julian" || (units.calendar != "proleptic_gregorian" && date < reform);
  const bool has_leap_day =
      units.days == TimeUnits::Days::all_leap ||
      (units.days == TimeUnits::Days::real && (is_julian ? date.year % 4 == 0 : is_gregorian_leap(date.year)));
  const bool is_february = date.month == 2;
  const int length = units.days == TimeUnits::Days::of_360
                         ? 30
                         : lengths[static_cast<std::size_t>(date.month) - 1] + (is_february && has_leap_day ? 1 : 0);
  if (date.day > length) return std::nullopt;
  if (units.days == TimeUnits::Days::of_360) return date.year * 360 + (date.month - 1) * 30 + date.day - 1;
  std::int64_t in_year = date.day - 1;
  for (int month = 1; month < date.month; ++month) in_year += lengths[static_cast<std::size_t>(month) - 1];
  if (date.month > 2 && has_leap_day) ++in_year;
  if (units.days == TimeUnits::Days::no_leap) return date.year * 365 + in_year;
  if (units.days == TimeUnits::Days::all_leap) return date.year * 366 + in_year;
  const auto floor_of = [](std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); };
  const std::int64_t last = date.year - 1;  // leap days of all years before
  const std::int64_t leap_days =
      is_julian ? floor_of(last, 4) - 2 : floor_of(last, 4) - floor_of(last, 100) + floor_of(last, 400);
  return last * 365 + leap_days + in_year;
}

// A date and a time of day, as far as they are given.
struct Moment {
  Date date;
  std::int64_t in_day = 0;  // nanoseconds, UTC: may leave the day by its time zone
  std::int64_t unit = 0;    // nanoseconds of the finest part that is given; 0: a day, a month or a year
  int date_parts = 1;
};

class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  std::optional<Moment> read() {
    Moment moment{};
    const bool negative = accept('-');
    const auto year = number();
    if (!year) return std::nullopt;
    moment.date.year = negative ? -*year : *year;
    for (int* part : {&moment.date.month, &moment.date.day}) {
      if (!accept('-')) break;
      const auto value = number();
      if (!value || *value > 99) return std::nullopt;
      *part = static_cast<int>(*value);
      ++moment.date_parts;
    }
    const bool marked = accept('T');
    skip_blanks();
    if (moment.date_parts == 3 && !rest_.empty() && is_digit(rest_[0])) {
      if (!read_time(moment)) return std::nullopt;
    } else if (marked) {
      return std::nullopt;
    }
    skip_blanks();
    if (!read_zone(moment)) return std::nullopt;
    skip_blanks();
    return rest_.empty() ? std::optional(moment) : std::nullopt;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  void skip_blanks() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
  }
  bool accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::int64_t> number() {
    if (rest_.empty() || !is_digit(rest_[0])) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  // Hours, hours and minutes, or with seconds and parts of them.
  bool read_time(Moment& moment) {
    std::int64_t unit = 3600 * second, most = 24;
    for (int part = 0; part < 3; ++part, unit /= 60, most = 60) {
      if (part > 0 && !accept(':')) return true;
      const auto value = number();
      if (!value || *value >= most + (part == 2 ? 1 : 0)) return false;
      moment.in_day += *value * unit;
      moment.unit = unit;
    }
    if (accept('.')) {
      std::int64_t digit = second / 10;
      for (; !rest_.empty() && is_digit(rest_[0]); digit /= 10) {
        moment.in_day += (rest_[0] - '0') * digit;
        moment.unit = std::max<std::int64_t>(digit, 1);
        rest_.remove_prefix(1);
      }
    }
    return true;
  }

  bool read_zone(Moment& moment) {
    for (const char* name : {"Z", "UTC", "GMT"}) {
      if (rest_ != name) continue;
      rest_ = {};
      return true;
    }
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return true;
    const std::int64_t sign = rest_[0] == '+' ? 1 : -1;
    rest_.remove_prefix(1);
    const std::size_t before = rest_.size();
    auto hours = number();
    if (!hours) return false;
    std::int64_t minutes = 0;
    if (before - rest_.size() > 2) {  // +0130
      minutes = *hours % 100;
      *hours /= 100;
    } else if (accept(':')) {
      const auto value = number();
      if (!value) return false;
      minutes = *value;
    }
    if (*hours > 24 || minutes > 59) return false;
    moment.in_day -= sign * (*hours * 60 + minutes) * 60 * second;
    return true;
  }

  std::string_view rest_;
};

// Nanoseconds from one time of a calendar to another.
Wide between(std::int64_t from_day, std::int64_t from_in_day, std::int64_t to_day, std::int64_t to_in_day) {
  return Wide{to_day - from_day} * day + (to_in_day - from_in_day);
}

std::string text_of(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second.as_string().value_or("");
}

}  // namespace

std::optional<TimeUnits> time_units(const Attributes& attributes) {
  const std::string text = text_of(attributes, "units");
  constexpr std::string_view since = " since ";
  const std::size_t at = text.find(since);
  if (at == std::string::npos) return std::nullopt;
  TimeUnits units;
  units.calendar = text_of(attributes, "calendar");
  if (units.calendar.empty()) units.calendar = "standard";
  std::ranges::transform(units.calendar, units.calendar.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto days = days_of(units.calendar);
  std::string name = text.substr(0, at);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto unit = unit_named(name);
  const auto moment = DateReader(std::string_view(text).substr(at + since.size())).read();
  if (!days || !unit || !moment) return std::nullopt;
  units.days = *days;
  const auto number = number_of(moment->date, units);
  if (!number) return std::nullopt;
  units.unit = *unit;
  units.epoch_day = *number;
  units.epoch_in_day = moment->in_day;
  return units;
}

std::optional<LabelValues> convert_times(const LabelValues& values, const TimeUnits& from, const TimeUnits& to) {
  if (from.days != to.days || std::holds_alternative<std::vector<std::string>>(values)) return std::nullopt;
  // In steps that divide both units and the time between their references, so that small numbers stay exact.
  Wide offset = between(to.epoch_day, to.epoch_in_day, from.epoch_day, from.epoch_in_day);
  std::int64_t step = std::gcd(from.unit, to.unit);
  step = std::gcd(step, static_cast<std::int64_t>(offset % step));
  const std::int64_t own = from.unit / step, unit = to.unit / step;
  offset /= step;
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) {
    std::vector<std::int64_t> whole;
    for (const std::int64_t value : *integers) {
      const Wide steps = Wide{value} * own + offset;
      const Wide result = steps / unit;
      const bool fits = result >= std::numeric_limits<std::int64_t>::min() && result <= std::numeric_limits<std::int64_t>::max();
      if (steps % unit != 0 || !fits) break;
      whole.push_back(static_cast<std::int64_t>(result));
    }
    if (whole.size() == integers->size()) return whole;
  }
  std::vector<double> reals;
  std::visit(
      [&](const auto& numbers) {
        for (const auto& value : numbers) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::int64_t>) {
            const Wide steps = Wide{value} * own + offset;
            reals.push_back(static_cast<double>(steps / unit) +
                            static_cast<double>(static_cast<std::int64_t>(steps % unit)) / static_cast<double>(unit));
          } else if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
            reals.push_back((value * static_cast<double>(own) + static_cast<double>(offset)) / static_cast<double>(unit));
          }
        }
      },
      values);
  return reals;
}

std::optional<TimeSpan> span_of_date(const std::string& date, const TimeUnits& units) {
  const auto moment = DateReader(date).read();
  if (!moment) return std::nullopt;
  const auto first = number_of(moment->date, units);
  if (!first) return std::nullopt;
  Date next = moment->date;
  std::optional<std::int64_t> end = *first;
  if (moment->date_parts == 1) next.year += 1;
  if (moment->date_parts == 2) next = next.month == 12 ? Date{next.year + 1, 1, 1} : Date{next.year, next.month + 1, 1};
  if (moment->date_parts < 3) {
    end = number_of(next, units);
  } else if (moment->unit == 0) {
    end = *first + 1;
  }
  if (!end) return std::nullopt;
  const auto value_at = [&](std::int64_t number, std::int64_t in_day) {
    const Wide nanoseconds = between(units.epoch_day, units.epoch_in_day, number, in_day);
    return static_cast<double>(nanoseconds / units.unit) +
           static_cast<double>(static_cast<std::int64_t>(nanoseconds % units.unit)) / static_cast<double>(units.unit);
  };
  return TimeSpan{value_at(*first, moment->in_day), value_at(*end, moment->in_day + moment->unit)};
}

}  // namespace xylem
