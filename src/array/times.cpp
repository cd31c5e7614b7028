#include <algorithm>
#include <functional>
#include <utility>

#include "xylem/model/cf_time.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem::detail {
namespace {

std::string units_text(const Coordinate& coord) {
  const auto found = coord.attributes.find("units");
  const auto calendar = coord.attributes.find("calendar");
  std::string text = found == coord.attributes.end() ? "no units" : "'" + printable(found->second.as_string().value_or("")) + "'";
  if (calendar != coord.attributes.end()) text += " (" + printable(calendar->second.as_string().value_or("")) + ")";
  return text;
}

// The coordinate with which others of its name are compared: the first array's that has one.
const Coordinate* first_of(const std::vector<Array>& arrays, const std::string& name) {
  for (const Array& array : arrays) {
    if (const Coordinate* found = array.find_coord(name)) return found;
  }
  return nullptr;
}

}  // namespace

bool same_time_units(const Coordinate& a, const Coordinate& b) {
  const auto mine = time_units(a.attributes), theirs = time_units(b.attributes);
  if (!mine || !theirs) return true;
  const auto counts_alike = [](const TimeUnits& x, const TimeUnits& y) {
    return x.days == y.days && x.unit == y.unit && x.epoch_day == y.epoch_day && x.epoch_in_day == y.epoch_in_day;
  };
  return counts_alike(*mine, *theirs);
}

std::vector<Array> in_common_time_units(std::vector<Array> arrays) {
  for (Array& array : arrays) {
    std::vector<Coordinate> coords = array.coords();
    bool changed = false;
    for (Coordinate& coord : coords) {
      const Coordinate* first = first_of(arrays, coord.name);
      if (same_time_units(coord, *first)) continue;
      auto values = coord.values ? convert_times(*coord.values, *time_units(coord.attributes), *time_units(first->attributes))
                                 : std::nullopt;
      if (!values && coord.is_index()) {
        throw UsageError("the coords '{}' of two arrays are in {} and in {}, which cannot be compared ({})",
                         printable(coord.name), units_text(*first), units_text(coord),
                         coord.values ? "the days of their calendars differ" : "their values have not been read");
      }
      if (!values) continue;
      coord.values = std::make_shared<const LabelValues>(std::move(*values));
      coord.attributes = first->attributes;
      changed = true;
    }
    if (!changed) continue;
    ArrayNode node = derive(array, RenameNode{array});
    node.coords = std::move(coords);
    array = make_array(std::move(node));
  }
  return arrays;
}

}  // namespace xylem::detail
