#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "xylem/model/cf_time.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem::detail {
namespace {

// True only where the same elements of the same datasets are meant.
bool same_lazy(const Array& a, const Array& b) {
  if (&a.node() == &b.node()) return true;
  if (a.dims() != b.dims() || a.node().kind.index() != b.node().kind.index()) return false;
  if (const auto* source = std::get_if<SourceNode>(&a.node().kind)) {
    const auto& other = std::get<SourceNode>(b.node().kind);
    return source->info->ref == other.info->ref && source->decoding == other.decoding;
  }
  if (const auto* isel = std::get_if<IselNode>(&a.node().kind)) {
    const auto& other = std::get<IselNode>(b.node().kind);
    return isel->axes == other.axes && same_lazy(isel->input, other.input);
  }
  if (const auto* rename = std::get_if<RenameNode>(&a.node().kind)) {
    return same_lazy(rename->input, std::get<RenameNode>(b.node().kind).input);
  }
  return false;
}

void expect_equal(const Coordinate& a, const Coordinate& b) {
  if (same_coordinate(a, b)) return;
  if (!a.values || !b.values) {
    throw UsageError("the coords '{}' of two arrays cannot be compared (their values have not been read)", printable(a.name));
  }
  const std::size_t i = *first_difference(*a.values, *b.values);
  throw UsageError(
      "the coords '{}' of two arrays differ first at index {}: {} and {} (coords that label a dim must be equal); choose the "
      "common values with sel or isel",
      printable(a.name), i, format_label(*a.values, i), format_label(*b.values, i));
}

}  // namespace

Coordinate known_coordinate(std::string name, std::vector<std::string> dims, LabelValues values) {
  return {std::move(name), std::move(dims), std::make_shared<const LabelValues>(std::move(values)), std::nullopt};
}

LabelValues take(const LabelValues& values, const std::vector<std::int64_t>& positions) {
  return std::visit(
      [&](const auto& all) -> LabelValues {
        std::decay_t<decltype(all)> chosen;
        chosen.reserve(positions.size());
        for (const std::int64_t position : positions) chosen.push_back(all[static_cast<std::size_t>(position)]);
        return chosen;
      },
      values);
}

bool same_coordinate(const Coordinate& a, const Coordinate& b) {
  if (a.dims != b.dims) return false;
  if (!same_time_units(a, b)) {
    if (!a.values || !b.values) return false;
    const auto values = convert_times(*b.values, *time_units(b.attributes), *time_units(a.attributes));
    return values && size_of(*a.values) == size_of(*values) && !first_difference(*a.values, *values);
  }
  if (a.values && b.values) {
    return a.values == b.values || (size_of(*a.values) == size_of(*b.values) && !first_difference(*a.values, *b.values));
  }
  return !a.values && !b.values && same_lazy(*a.lazy, *b.lazy);
}

std::vector<Dim> broadcast_dims(const std::vector<Array>& inputs) {
  std::vector<Dim> dims;
  for (const Array& input : inputs) {
    for (const Dim& dim : input.dims()) {
      const auto found = std::ranges::find(dims, dim.name, &Dim::name);
      if (found == dims.end()) {
        dims.push_back(dim);
      } else if (found->size != dim.size) {
        throw UsageError(
            "the dim '{}' has {} elements in one array and {} in another; choose as many with isel or sel, or drop it with "
            "squeeze",
            printable(dim.name), found->size, dim.size);
      }
    }
  }
  return dims;
}

std::vector<Coordinate> merge_coords(const std::vector<Array>& arrays) {
  const std::vector<Array> inputs = in_common_time_units(arrays);
  std::vector<Coordinate> merged;
  std::set<std::string> dropped;
  for (const bool indexes : {true, false}) {  // a coord that labels a dim goes before others of its name
    for (const Array& input : inputs) {
      for (const Coordinate& coord : input.coords()) {
        if (coord.is_index() != indexes || dropped.contains(coord.name)) continue;
        const auto found = std::ranges::find(merged, coord.name, &Coordinate::name);
        if (found == merged.end()) {
          merged.push_back(coord);
        } else if (indexes) {
          expect_equal(*found, coord);
        } else if (!found->is_index() && !same_coordinate(*found, coord)) {
          merged.erase(found);
          dropped.insert(coord.name);
        }
      }
    }
  }
  return merged;
}

Attributes merge_attributes(const std::vector<Array>& inputs) {
  std::optional<Attributes> merged;
  for (const Array& input : inputs) {
    if (std::holds_alternative<ConstantNode>(input.node().kind)) continue;
    if (!merged) {
      merged = input.attributes();
    } else {
      std::erase_if(*merged, [&](const auto& entry) {
        const auto found = input.attributes().find(entry.first);
        return found == input.attributes().end() || found->second != entry.second;
      });
    }
  }
  return merged.value_or(Attributes{});
}

}  // namespace xylem::detail
