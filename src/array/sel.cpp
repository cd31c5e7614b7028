#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <type_traits>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

std::string format_label(const Label& label) {
  return std::visit([](const auto& value) { return detail::format_label(LabelValues(std::vector{value}), 0); }, label);
}

// The values along one dim, and the positions that labels mean there. T is int64, double or string.
template <class T>
class Finder {
 public:
  Finder(const std::vector<T>& values, const std::string& dim) : values_(values), dim_(dim) {
    const bool comparable = std::ranges::all_of(values_, [](const T& value) { return value == value; });  // no NaN
    sorted_ = comparable && (std::ranges::is_sorted(values_) || std::ranges::is_sorted(values_, std::greater<>()));
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
      const double target = number(wanted.label);
      std::optional<std::size_t> best;
      for (std::size_t i = 0; i < values_.size(); ++i) {
        const auto value = static_cast<double>(values_[i]);
        if (std::isnan(value)) continue;
        const double distance = std::fabs(value - target);
        const double least = best ? std::fabs(static_cast<double>(values_[*best]) - target) : 0;
        if (!best || distance < least || (distance == least && values_[i] > values_[*best])) best = i;
      }
      if (!best) throw UsageError("'{}' has no values to be near {}", printable(dim_), format_label(wanted.label));
      if (wanted.tolerance && !(std::fabs(static_cast<double>(values_[*best]) - target) <= *wanted.tolerance)) {
        throw UsageError("no value of '{}' lies within {} of {} (the nearest is {})", printable(dim_),
                         format_double(*wanted.tolerance), format_label(wanted.label), format_label(Label(values_[*best])));
      }
      return static_cast<std::int64_t>(*best);
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

  double number(const Label& label) const {
    expect_kind(label);
    const auto* integer = std::get_if<std::int64_t>(&label);
    return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(label);
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

  std::vector<std::int64_t> matches(const Label& label) const {
    expect_kind(label);
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const Label value(values_[i]);
      if (values_[i] == values_[i] && !is_before(value, label) && !is_before(label, value))
        found.push_back(static_cast<std::int64_t>(i));
    }
    return found;
  }

  std::string near(const Label& label) const {
    if (values_.empty()) return "it has none";
    if constexpr (std::is_same_v<T, std::string>) {
      const auto names = nearest_names(std::get<std::string>(label), values_);
      return fmt::format("the nearest is \"{}\"", printable(names.empty() ? values_[0] : names[0]));
    } else {
      const auto usable = std::ranges::find_if(values_, [](T value) { return value == value; });
      if (usable == values_.end()) return "they are all nan";
      const T closest = values_[static_cast<std::size_t>(nearest({label, {}}))];
      const T* other = nullptr;  // the nearest on the other side
      for (const T& value : values_) {
        if (value != value) continue;
        const bool opposite = is_before(Label(value), label) != is_before(Label(closest), label);
        if (!opposite) continue;
        if (other == nullptr ||
            std::fabs(static_cast<double>(value) - number(label)) < std::fabs(static_cast<double>(*other) - number(label))) {
          other = &value;
        }
      }
      return other == nullptr
                 ? fmt::format("the nearest is {}", format_label(Label(closest)))
                 : fmt::format("the nearest are {} and {}", format_label(Label(closest)), format_label(Label(*other)));
    }
  }

  const std::vector<T>& values_;
  const std::string& dim_;
  bool sorted_ = false;
};

template <class T>
Positions find(const Finder<T>& finder, const Labelled& labels) {
  if (const auto* label = std::get_if<Label>(&labels)) return finder.exact(*label);
  if (const auto* range = std::get_if<LabelRange>(&labels)) return finder.range(*range);
  if (const auto* nearest = std::get_if<NearestLabel>(&labels)) return finder.nearest(*nearest);
  std::vector<std::int64_t> positions;
  for (const Label& label : std::get<std::vector<Label>>(labels)) positions.push_back(finder.exact(label));
  return positions;
}

}  // namespace

Array Array::sel(const std::vector<std::pair<std::string, Labelled>>& indexers) const {
  std::vector<std::pair<std::string, Positions>> positions;
  for (const auto& [name, labels] : indexers) {
    const Dim& dim = dims()[axis(name)];
    const Coordinate* coord = find_coord(name);
    LabelValues values;
    if (coord == nullptr || !coord->is_index()) {
      values = detail::positions_of(Stride{0, 1, dim.size});
    } else if (coord->values) {
      values = *coord->values;
    } else {
      throw UsageError("'{}' cannot be chosen from by value (its values have not been read); choose positions with isel",
                       printable(name));
    }
    positions.emplace_back(name, std::visit([&](const auto& v) { return find(Finder(v, dim.name), labels); }, values));
  }
  return isel(positions);
}

Array Array::sel(const std::string& dim, Labelled labels) const { return sel({{dim, std::move(labels)}}); }

}  // namespace xylem
