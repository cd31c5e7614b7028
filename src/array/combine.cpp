#include "xylem/array/combine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "xylem/array/node.hpp"
#include "xylem/array/source.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/align.hpp"
#include "detail/build.hpp"

namespace xylem {
namespace {

std::vector<CombinePart> in_common_time_units(std::vector<CombinePart> parts) {
  std::vector<Array> arrays;
  for (const CombinePart& part : parts) arrays.push_back(part.array);
  arrays = detail::in_common_time_units(std::move(arrays));
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].array = arrays[i];
  return parts;
}

std::string units_of(const Array& array) {
  const auto found = array.attributes().find("units");
  return found == array.attributes().end() ? "" : found->second.as_string().value_or("");
}

// What is the same in nearly all parts, and where it is not.
template <class Value>
void note_differences(const std::vector<CombinePart>& parts, std::vector<std::string>& notes, const char* verb,
                      const Value& value) {
  const std::string first = value(parts[0].array);
  std::size_t different = 0, example = 0;
  for (std::size_t i = parts.size(); i-- > 1;) {
    if (detail::is_all_missing(parts[i].array) || value(parts[i].array) == first) continue;
    ++different;
    example = i;
  }
  if (different == 0) return;
  notes.push_back(fmt::format("{} {} {}, {} {}{}", parts[0].name, verb, first, parts[example].name, value(parts[example].array),
                              different > 1 ? fmt::format(" ({} of {} differ)", different, parts.size()) : ""));
}

// The labels along the dim, part by part; nothing where there are none.
std::optional<std::vector<LabelValues>> labels_of_parts(const std::vector<CombinePart>& parts, const CombineOptions& options,
                                                        bool is_new) {
  std::vector<LabelValues> result;
  if (options.labels) {
    std::size_t begin = 0;
    for (const CombinePart& part : parts) {
      const auto extent =
          is_new ? std::size_t{1} : static_cast<std::size_t>(part.array.dims()[part.array.axis(options.dim)].size);
      std::vector<std::int64_t> positions;
      for (std::size_t i = begin; i < begin + extent && i < size_of(*options.labels); ++i) {
        positions.push_back(static_cast<std::int64_t>(i));
      }
      result.push_back(detail::take(*options.labels, positions));
      begin += extent;
    }
    if (begin == size_of(*options.labels)) return result;
    throw UsageError("{} labels were found for the dim '{}', and {} are needed: {}", size_of(*options.labels),
                     printable(options.dim), begin, is_new ? "one a part" : "one an element of each part");
  }
  for (const CombinePart& part : parts) {
    const Coordinate* coord = part.array.find_coord(options.dim);
    const bool fits = coord != nullptr && coord->values && coord->dims.size() == (is_new ? 0u : 1u);
    if (!fits) return std::nullopt;
    result.push_back(*coord->values);
  }
  return result;
}

struct Place {
  std::size_t part;
  std::int64_t position;
};

// Each element at the place of its label.
Array merged(const std::vector<CombinePart>& parts, const std::vector<Array>& arrays, const CombineOptions& options,
             std::vector<LabelValues> labels) {
  if (options.all_labels) labels.push_back(*options.all_labels);
  labels = detail::same_kind(labels, options.dim);
  LabelValues all = detail::all_labels(labels);
  if (options.all_labels) {
    const std::size_t wanted = size_of(labels.back());
    if (size_of(all) != wanted) {
      throw UsageError("parts have labels along '{}' that the result, of {}, has not: there are {} in all",
                       printable(options.dim), wanted, size_of(all));
    }
    all = labels.back();
    labels.pop_back();
  }
  std::vector<std::optional<Place>> at(size_of(all));
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const std::vector<std::int64_t> to = detail::places(labels[p], all);
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (to[i] < 0) throw UsageError("a label of '{}' of {} is NaN", printable(options.dim), parts[p].name);
      auto& place = at[static_cast<std::size_t>(to[i])];
      if (place) {
        throw UsageError("{} and {} both have the label {} along '{}': a merge puts each label in one place",
                         parts[place->part].name, parts[p].name, format_label(labels[p], i), printable(options.dim));
      }
      place = Place{p, static_cast<std::int64_t>(i)};
    }
  }
  std::vector<Array> bare;
  for (const Array& array : arrays) {
    ArrayNode node = detail::derive(array, RenameNode{array});
    std::erase_if(node.coords,
                  [&](const Coordinate& coord) { return std::ranges::find(coord.dims, options.dim) != coord.dims.end(); });
    bare.push_back(detail::make_array(std::move(node)));
  }
  std::vector<Array> runs;
  for (std::size_t begin = 0, end = 0; begin < at.size(); begin = end) {
    end = begin + 1;
    if (!at[begin]) {
      while (end < at.size() && !at[end]) ++end;
      runs.push_back(detail::missing(bare[0], options.dim, static_cast<std::int64_t>(end - begin)));
      continue;
    }
    const auto [part, first] = *at[begin];
    while (end < at.size() && at[end] && at[end]->part == part &&
           at[end]->position == first + static_cast<std::int64_t>(end - begin)) {
      ++end;
    }
    const auto count = static_cast<std::int64_t>(end - begin);
    const bool is_whole = count == bare[part].dims()[bare[part].axis(options.dim)].size;
    runs.push_back(is_whole ? bare[part] : bare[part].isel(options.dim, Slice{first, first + count, 1}));
  }
  const Coordinate* own = options.labels ? nullptr : parts[0].array.find_coord(options.dim);
  return assign_coord(runs.size() == 1 ? runs[0] : concat(runs, options.dim), options.dim, all,
                      own == nullptr ? Attributes{} : own->attributes);
}

LabelValues joined(const std::vector<LabelValues>& labels) {
  LabelValues all = labels.at(0);
  std::visit(
      [&](auto& values) {
        for (std::size_t i = 1; i < labels.size(); ++i) {
          const auto& more = std::get<std::decay_t<decltype(values)>>(labels[i]);
          values.insert(values.end(), more.begin(), more.end());
        }
      },
      all);
  return all;
}

}  // namespace

Array combine(const std::vector<CombinePart>& given, const CombineOptions& options, std::vector<std::string>* notes) {
  if (given.empty()) throw UsageError("there is nothing to combine");
  if (options.dim.empty()) throw UsageError("the dim to combine along has no name");
  const std::vector<CombinePart> parts = in_common_time_units(given);
  detail::expect_same_dims(parts);
  if (notes != nullptr) {
    note_differences(parts, *notes, "is", [](const Array& array) { return std::string(type_name(array.dtype())); });
    note_differences(parts, *notes, "has the units",
                     [](const Array& array) { return fmt::format("'{}'", printable(units_of(array))); });
  }
  const bool is_new = !parts[0].array.find_axis(options.dim);
  std::vector<Array> arrays = detail::aligned(parts, options.dim, options.join);
  const auto labels = labels_of_parts(parts, options, is_new);
  if (options.method == CombineMethod::concat) {
    const Array whole = concat(arrays, options.dim);
    return options.labels ? assign_coord(whole, options.dim, joined(detail::same_kind(*labels, options.dim))) : whole;
  }
  if (!labels) {
    throw UsageError("a merge along '{}' needs its labels, and {} has none that are known: say where they come from",
                     printable(options.dim), parts[0].name);
  }
  if (is_new) {
    for (Array& array : arrays) {
      ArrayNode node = detail::derive(array, RenameNode{array});
      std::erase_if(node.coords, [&](const Coordinate& coord) { return coord.name == options.dim; });
      array = detail::make_array(std::move(node)).expand_dims(options.dim);
    }
  }
  return merged(parts, arrays, options, *labels);
}

}  // namespace xylem
