#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>
#include <unordered_map>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/model/cf_time.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

std::string format_label(const Label& label) {
  return std::visit([](const auto& value) { return xylem::format_label(LabelValues(std::vector{value}), 0); }, label);
}

// The values along one dim, and the positions that labels mean there. T is int64, double or string.
template <class T>
class Finder {
 public:
  Finder(const std::vector<T>& values, const std::string& dim) : values_(values), dim_(dim) {
    const bool comparable = std::ranges::all_of(values_, [](const T& value) { return value == value; });  // no NaN
    const bool ascends = comparable && std::ranges::is_sorted(values_);
    descends_ = comparable && !ascends && std::ranges::is_sorted(values_, std::greater<>());
    sorted_ = ascends || descends_;
  }

  std::int64_t exact(const Label& label) const {
    const auto found = matches(label);
    if (found.empty()) {
      throw UsageError("{} is not among the {} values of '{}' ({})", format_label(label), values_.size(), printable(dim_),
                       near(label));
    }
    if (found.size() > 1) {
      throw UsageError("{} stands {} times in '{}' (at positions {} and {}); choose positions with isel", format_label(label),
                       found.size(), printable(dim_), found[0], found[1]);
    }
    return found[0];
  }

  /// The positions of many labels: unsorted values are not looked through for each.
  std::vector<std::int64_t> all(const std::vector<Label>& labels) const {
    std::vector<std::int64_t> positions;
    const auto exactly = [](const Label& label) { return std::get_if<T>(&label); };
    if (sorted_ || labels.size() < 8 || !std::ranges::all_of(labels, exactly)) {
      for (const Label& label : labels) positions.push_back(exact(label));
      return positions;
    }
    std::unordered_map<T, std::pair<std::int64_t, std::int64_t>> places;  // the first of a value, and how many there are
    for (std::size_t i = 0; i < values_.size(); ++i) {
      ++places.try_emplace(values_[i], static_cast<std::int64_t>(i), 0).first->second.second;
    }
    for (const Label& label : labels) {
      const auto found = places.find(*exactly(label));
      const bool once = found != places.end() && found->second.second == 1;
      positions.push_back(once ? found->second.first : exact(label));  // which tells what is wrong
    }
    return positions;
  }

  Positions range(const LabelRange& range) const {
    const auto n = static_cast<std::int64_t>(values_.size());
    if (!sorted_) {
      const std::int64_t first = range.first ? exact(*range.first) : 0;
      const std::int64_t last = range.last ? exact(*range.last) : n - 1;
      return Slice{first, last + 1};
    }
    std::optional<Label> low = range.first, high = range.last;
    if (low && high && is_before(*high, *low)) std::swap(low, high);
    const auto inside = [&](const T& value) {
      return !(low && is_before(Label(value), *low)) && !(high && is_before(*high, Label(value)));
    };
    const auto first = std::ranges::find_if(values_, inside);
    const auto last = std::find_if_not(first, values_.end(), inside);
    return Slice{first - values_.begin(), last - values_.begin()};
  }

  std::int64_t nearest(const NearestLabel& wanted) const {
    if constexpr (std::is_same_v<T, std::string>) {
      throw UsageError("'{}' holds strings, none of which is nearest; name one", printable(dim_));
    } else {
      const T* best = closest(wanted.label);
      if (best == nullptr) throw UsageError("'{}' has no values to be near {}", printable(dim_), format_label(wanted.label));
      if (wanted.tolerance && !(distance(*best, wanted.label) <= *wanted.tolerance)) {
        throw UsageError("no value of '{}' lies within {} of {} (the nearest is {})", printable(dim_),
                         format_double(*wanted.tolerance), format_label(wanted.label), format_label(Label(*best)));
      }
      return exact(Label(*best));
    }
  }

 private:
  void expect_kind(const Label& label) const {
    if (std::holds_alternative<std::string>(label) != std::is_same_v<T, std::string>) {
      throw UsageError("'{}' holds {}, and {} is none", printable(dim_), std::is_same_v<T, std::string> ? "strings" : "numbers",
                       format_label(label));
    }
    if (label != label) throw UsageError("nan cannot be looked for in '{}'", printable(dim_));
  }

  // Of integers exact, however great they are: times in nanoseconds, say.
  double distance(const T& value, const Label& label) const {
    expect_kind(label);
    const auto* integer = std::get_if<std::int64_t>(&label);
    if constexpr (std::is_same_v<T, std::int64_t>) {
      const auto bits = [](std::int64_t v) { return static_cast<std::uint64_t>(v); };
      if (integer != nullptr)
        return static_cast<double>(value < *integer ? bits(*integer) - bits(value) : bits(value) - bits(*integer));
    }
    const double target = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(label);
    return std::fabs(static_cast<double>(value) - target);
  }

  // Both are numbers, or both strings.
  bool is_before(const Label& a, const Label& b) const {
    expect_kind(a);
    expect_kind(b);
    return std::visit(
        [](const auto& x, const auto& y) {
          if constexpr (std::is_same_v<decltype(x), decltype(y)>) {
            return x < y;
          } else if constexpr (std::is_arithmetic_v<std::decay_t<decltype(x)>> &&
                               std::is_arithmetic_v<std::decay_t<decltype(y)>>) {
            return static_cast<double>(x) < static_cast<double>(y);
          } else {
            return false;
          }
        },
        a, b);
  }

  // Sorted values are searched by halves; of others all are looked at.
  std::vector<std::int64_t> matches(const Label& label) const {
    expect_kind(label);
    const auto before = [&](const T& value) {
      return descends_ ? is_before(label, Label(value)) : is_before(Label(value), label);
    };
    const auto after = [&](const T& value) {
      return descends_ ? is_before(Label(value), label) : is_before(label, Label(value));
    };
    auto first = values_.begin(), last = values_.end();
    if (sorted_) {
      first = std::partition_point(first, last, before);
      last = std::partition_point(first, last, [&](const T& value) { return !after(value); });
    }
    std::vector<std::int64_t> found;
    for (auto value = first; value != last; ++value) {
      if (*value == *value && !before(*value) && !after(*value)) found.push_back(value - values_.begin());
    }
    return found;
  }

  // The larger of two equally near; null where there is none.
  const T* closest(const Label& label) const {
    const T* best = nullptr;
    auto first = values_.begin(), last = values_.end();
    if (sorted_) {  // one of the two between which the label would stand
      const auto at = std::partition_point(first, last, [&](const T& value) {
        return descends_ ? is_before(label, Label(value)) : is_before(Label(value), label);
      });
      first = at == first ? at : at - 1;
      last = at == last ? at : at + 1;
    }
    for (auto value = first; value != last; ++value) {
      const double away = distance(*value, label), least = best == nullptr ? away : distance(*best, label);
      if (std::isnan(away)) continue;
      if (best == nullptr || away < least || (away == least && *value > *best)) best = &*value;
    }
    return best;
  }

  std::string near(const Label& label) const {
    if (values_.empty()) return "it has none";
    if constexpr (std::is_same_v<T, std::string>) {
      const auto names = nearest_names(std::get<std::string>(label), values_);
      return fmt::format("the nearest is \"{}\"", printable(names.empty() ? values_[0] : names[0]));
    } else {
      const T* best = closest(label);
      return best == nullptr ? "they are all nan" : fmt::format("the nearest is {}", format_label(Label(*best)));
    }
  }

  const std::vector<T>& values_;
  const std::string& dim_;
  bool sorted_ = false;
  bool descends_ = false;  // sorted, and the other way round
};

template <class T>
Positions find(const Finder<T>& finder, const Labelled& labels) {
  if (const auto* label = std::get_if<Label>(&labels)) return finder.exact(*label);
  if (const auto* range = std::get_if<LabelRange>(&labels)) return finder.range(*range);
  if (const auto* nearest = std::get_if<NearestLabel>(&labels)) return finder.nearest(*nearest);
  return finder.all(std::get<std::vector<Label>>(labels));
}

// Dates among the labels of times as numbers in the times' units: one is its first moment; ranges go from the first of the
// earlier date to the last of the later one.
class DateLabels {
 public:
  DateLabels(const Coordinate& coord, const TimeUnits& units) : coord_(coord), units_(units) {}

  Labelled operator()(Labelled labels) const {
    if (auto* label = std::get_if<Label>(&labels)) {
      *label = first(*label);
    } else if (auto* list = std::get_if<std::vector<Label>>(&labels)) {
      for (Label& one : *list) one = first(one);
    } else if (auto* nearest = std::get_if<NearestLabel>(&labels)) {
      nearest->label = first(nearest->label);
    } else {
      range(std::get<LabelRange>(labels));
    }
    return labels;
  }

 private:
  [[nodiscard]] TimeSpan span(const Label& label) const {
    if (const auto* integer = std::get_if<std::int64_t>(&label))
      return {static_cast<double>(*integer), static_cast<double>(*integer)};
    if (const auto* real = std::get_if<double>(&label)) return {*real, *real};
    const auto& date = std::get<std::string>(label);
    if (const auto found = span_of_date(date, units_)) return *found;
    throw UsageError(
        "\"{}\" is no date of '{}', whose values are {} in the calendar '{}'; dates are written \"2000-01-31\" or "
        "\"2000-01-31T06:30\"",
        printable(date), printable(coord_.name), printable(coord_.attributes.at("units").as_string().value_or("")),
        printable(units_.calendar));
  }

  [[nodiscard]] Label first(const Label& label) const {
    return std::holds_alternative<std::string>(label) ? Label(span(label).first) : label;
  }

  void range(LabelRange& range) const {
    if (range.first && range.last && span(*range.last).first < span(*range.first).first) std::swap(range.first, range.last);
    if (range.first) range.first = first(*range.first);
    if (range.last && std::holds_alternative<std::string>(*range.last)) {
      range.last = std::nextafter(span(*range.last).end, -std::numeric_limits<double>::infinity());
    }
  }

  const Coordinate& coord_;
  const TimeUnits& units_;
};

// What is to be looked for among a coordinate's values.
Labelled labels_for(const Coordinate& coord, const Labelled& labels) {
  const auto units = time_units(coord.attributes);
  const bool numbers = !std::holds_alternative<std::vector<std::string>>(*coord.values);
  return units && numbers ? DateLabels(coord, *units)(labels) : labels;
}

}  // namespace

Array Array::sel(const std::vector<std::pair<std::string, Labelled>>& indexers) const {
  std::vector<std::pair<std::string, Positions>> positions;
  for (const auto& indexer : indexers) {  // no structured binding: Clang before 16 does not capture one
    const std::string& name = indexer.first;
    const Labelled& labels = indexer.second;
    const Dim& dim = dims()[axis(name)];
    const Coordinate* coord = find_coord(name);
    if (coord == nullptr || !coord->is_index()) {
      throw UsageError("'{}' has no coord to choose values of; choose positions with isel, or [{}=0:10]", printable(name),
                       printable(name));
    }
    if (!coord->values) {
      throw UsageError("'{}' cannot be chosen from by value (its values have not been read); choose positions with isel",
                       printable(name));
    }
    const Labelled wanted = labels_for(*coord, labels);
    positions.emplace_back(name, std::visit([&](const auto& v) { return find(Finder(v, dim.name), wanted); }, *coord->values));
  }
  return isel(positions);
}

Array Array::sel(const std::string& dim, Labelled labels) const { return sel({{dim, std::move(labels)}}); }
Array Array::sel(const std::string& dim, LabelRange range) const { return sel(dim, Labelled(std::move(range))); }

}  // namespace xylem
