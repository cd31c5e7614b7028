#include "detail/align.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "xylem/array/node.hpp"
#include "xylem/array/source.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem::detail {
namespace {

bool all_different(const LabelValues& labels) {
  return std::visit(
      [](auto values) {
        std::ranges::sort(values);
        return std::ranges::adjacent_find(values) == values.end();
      },
      labels);
}

bool has_nan(const LabelValues& labels) {
  const auto* reals = std::get_if<std::vector<double>>(&labels);
  return reals != nullptr && std::ranges::any_of(*reals, [](double value) { return value != value; });
}

// The known labels of a part along a dim; null where it has none.
std::shared_ptr<const LabelValues> labels_along(const CombinePart& part, const std::string& dim) {
  const Coordinate* coord = part.array.find_coord(dim);
  if (coord == nullptr || !coord->is_index()) return nullptr;
  if (!coord->values) {
    throw UsageError("the labels of '{}' of {} have not been read, and cannot be compared", printable(dim), part.name);
  }
  return coord->values;
}

[[noreturn]] void fail_labels(const CombinePart& a, const LabelValues& first, const CombinePart& b, const LabelValues& second,
                              const std::string& dim) {
  const std::string hint = "; join inner or outer takes the common labels or all";
  if (size_of(first) != size_of(second)) {
    throw UsageError("the dim '{}' has {} labels in {} and {} in {}{}", printable(dim), size_of(first), a.name, size_of(second),
                     b.name, hint);
  }
  const std::size_t i = *first_difference(first, second);
  throw UsageError("the labels of '{}' differ first at index {}: {} in {} and {} in {}{}", printable(dim), i,
                   format_label(first, i), a.name, format_label(second, i), b.name, hint);
}

// The same labels in all parts along one dim.
void align(const std::vector<CombinePart>& parts, std::vector<Array>& arrays, const std::string& dim, Join join) {
  std::vector<std::shared_ptr<const LabelValues>> known;
  for (const CombinePart& part : parts) {
    if (auto some = labels_along(part, dim)) known.push_back(std::move(some));
  }
  const Dim first{dim, parts[0].array.dims()[parts[0].array.axis(dim)].size};
  if (known.size() < parts.size()) {  // some have no labels: they match by extent alone
    for (const CombinePart& part : parts) {
      const std::int64_t size = part.array.dims()[part.array.axis(dim)].size;
      if (size == first.size) continue;
      throw UsageError("the dim '{}' has {} elements in {} and {} in {}, and no labels to match them by", printable(dim),
                       first.size, parts[0].name, size, part.name);
    }
    return;
  }
  std::size_t other = 1;
  const auto equal = [&](std::size_t i) {
    return known[i] == known[0] || (size_of(*known[i]) == size_of(*known[0]) && !first_difference(*known[0], *known[i]));
  };
  while (other < parts.size() && equal(other)) ++other;
  if (other == parts.size()) return;
  if (join == Join::exact) fail_labels(parts[0], *known[0], parts[other], *known[other], dim);
  std::vector<LabelValues> labels;
  for (const auto& values : known) labels.push_back(*values);
  labels = same_kind(labels, dim);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!all_different(labels[i]) || has_nan(labels[i])) {
      throw UsageError("labels of '{}' stand twice in {}, or are NaN: they cannot be matched", printable(dim), parts[i].name);
    }
  }
  LabelValues common;
  if (join == Join::outer) {
    common = all_labels(labels);
  } else {
    common = labels[0];
    for (std::size_t i = 1; i < labels.size(); ++i) {
      std::vector<std::int64_t> kept;
      const std::vector<std::int64_t> at = places(common, labels[i]);
      for (std::size_t k = 0; k < at.size(); ++k) {
        if (at[k] >= 0) kept.push_back(static_cast<std::int64_t>(k));
      }
      common = take(common, kept);
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) arrays[i] = reindex(arrays[i], dim, places(common, labels[i]), common);
}

}  // namespace

std::vector<LabelValues> same_kind(const std::vector<LabelValues>& labels, const std::string& dim) {
  bool strings = false, numbers = false, reals = false;
  for (const LabelValues& some : labels) {
    if (size_of(some) == 0) continue;
    const bool is_string = std::holds_alternative<std::vector<std::string>>(some);
    (is_string ? strings : numbers) = true;
    reals |= std::holds_alternative<std::vector<double>>(some);
  }
  if (strings && numbers) throw UsageError("the labels of '{}' are strings in some parts and numbers in others", printable(dim));
  std::vector<LabelValues> result;
  for (const LabelValues& some : labels) {
    const auto* integers = std::get_if<std::vector<std::int64_t>>(&some);
    if (size_of(some) == 0) {
      result.push_back(strings ? LabelValues(std::vector<std::string>{})
                       : reals ? LabelValues(std::vector<double>{})
                               : LabelValues(std::vector<std::int64_t>{}));
    } else if (reals && integers != nullptr) {
      result.emplace_back(std::vector<double>(integers->begin(), integers->end()));
    } else {
      result.push_back(some);
    }
  }
  return result;
}

LabelValues all_labels(const std::vector<LabelValues>& labels) {
  LabelValues all = labels.at(0);
  std::visit(
      [&](auto& values) {
        for (std::size_t i = 1; i < labels.size(); ++i) {
          const auto& more = std::get<std::decay_t<decltype(values)>>(labels[i]);
          values.insert(values.end(), more.begin(), more.end());
        }
        std::ranges::sort(values);
        values.erase(std::unique(values.begin(), values.end()), values.end());
      },
      all);
  return all;
}

std::vector<std::int64_t> places(const LabelValues& wanted, const LabelValues& labels) {
  return std::visit(
      [&](const auto& values) {
        std::vector<std::int64_t> order(values.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
        const auto value_at = [&](std::int64_t i) -> const auto& { return values[static_cast<std::size_t>(i)]; };
        std::ranges::sort(order, {}, value_at);
        std::vector<std::int64_t> result;
        for (const auto& value : std::get<std::decay_t<decltype(values)>>(wanted)) {
          const auto found = std::ranges::lower_bound(order, value, {}, value_at);
          result.push_back(found != order.end() && value_at(*found) == value ? *found : -1);
        }
        return result;
      },
      labels);
}

ElementType with_missing(ElementType type) { return is_floating(type) ? type : ElementType::float64; }

Array missing(const Array& like, const std::string& dim, std::int64_t extent) {
  ArrayNode node = derive(like, ConstantNode{std::numeric_limits<double>::quiet_NaN(), false});
  node.dtype = with_missing(like.dtype());
  for (Dim& own : node.dims) {
    if (own.name == dim) own.size = extent;
  }
  std::erase_if(node.coords, [&](const Coordinate& coord) { return std::ranges::find(coord.dims, dim) != coord.dims.end(); });
  return make_array(std::move(node));
}

Array reindex(const Array& array, const std::string& dim, const std::vector<std::int64_t>& positions, const LabelValues& labels) {
  const auto is_gap = [](std::int64_t position) { return position < 0; };
  const Coordinate* own = array.find_coord(dim);
  const Attributes attributes = own == nullptr ? Attributes{} : own->attributes;
  bool as_it_is = static_cast<std::int64_t>(positions.size()) == array.dims()[array.axis(dim)].size;
  for (std::size_t i = 0; i < positions.size() && as_it_is; ++i) as_it_is = positions[i] == static_cast<std::int64_t>(i);
  if (as_it_is) return assign_coord(array, dim, labels, attributes);
  if (std::ranges::none_of(positions, is_gap)) return assign_coord(array.isel(dim, positions), dim, labels, attributes);
  std::vector<Array> runs;
  for (std::size_t begin = 0, end = 0; begin < positions.size(); begin = end) {
    end = begin + 1;
    while (end < positions.size() && is_gap(positions[end]) == is_gap(positions[begin])) ++end;
    ArrayNode bare = derive(array, RenameNode{array});
    std::erase_if(bare.coords, [&](const Coordinate& coord) { return std::ranges::find(coord.dims, dim) != coord.dims.end(); });
    const Array plain = make_array(std::move(bare));
    runs.push_back(is_gap(positions[begin]) ? missing(plain, dim, static_cast<std::int64_t>(end - begin))
                                            : plain.isel(dim, std::vector(positions.begin() + static_cast<std::ptrdiff_t>(begin),
                                                                          positions.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return assign_coord(concat(runs, dim), dim, labels, attributes);
}

void expect_same_dims(const std::vector<CombinePart>& parts) {
  const auto names = [](const Array& array) {
    std::vector<std::string> result;
    for (const Dim& own : array.dims()) result.push_back(own.name);
    std::ranges::sort(result);
    return result;
  };
  const std::vector<std::string> first = names(parts[0].array);
  for (const CombinePart& part : parts) {
    if (names(part.array) == first) continue;
    throw UsageError("{} is {} and {} is {}: what is combined has the same dims throughout", parts[0].name,
                     summary(parts[0].array), part.name, summary(part.array));
  }
}

std::vector<Array> aligned(const std::vector<CombinePart>& parts, const std::string& but, Join join) {
  std::vector<Array> arrays;
  for (const CombinePart& part : parts) arrays.push_back(part.array);
  for (const Dim& dim : parts[0].array.dims()) {
    if (dim.name != but) align(parts, arrays, dim.name, join);
  }
  return arrays;
}

bool is_all_missing(const Array& array) {
  const auto* whole = std::get_if<ConcatNode>(&array.node().kind);
  const Array& gap = whole != nullptr && whole->inputs.size() == 1 ? whole->inputs[0] : array;
  return std::holds_alternative<ConstantNode>(gap.node().kind);
}

}  // namespace xylem::detail

namespace xylem {

Array missing_like(const Array& array) {
  if (array.ndim() == 0) return detail::missing(array, {}, 0);
  const Dim& first = array.dims()[0];
  const Array gap = detail::missing(array, first.name, first.size);
  ArrayNode node = detail::derive(array, ConcatNode{{gap}, first.name, false});
  node.dtype = gap.dtype();
  return detail::make_array(std::move(node));
}

}  // namespace xylem
