// Members of a labelled group along several dims: dim by dim, the last one first.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>
#include <variant>

#include "xylem/array/combine.hpp"
#include "xylem/array/node.hpp"
#include "xylem/array/source.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/labels.hpp"

#include "detail/align.hpp"
#include "detail/build.hpp"
#include "detail/labelled_members.hpp"

namespace xylem::detail {
namespace {

constexpr char name_separator = ';';  // dantro's LDG_COORDS_SEPARATOR_IN_NAME

// A part and where it is along each dim.
struct Member {
  CombinePart part;
  std::vector<LabelValues> labels;
};

LabelValues joined(const std::vector<LabelValues>& labels, const std::string& dim) {
  const std::vector<LabelValues> same = same_kind(labels, dim);
  LabelValues all = same.at(0);
  std::visit(
      [&](auto& values) {
        for (std::size_t i = 1; i < same.size(); ++i) {
          const auto& more = std::get<std::decay_t<decltype(values)>>(same[i]);
          values.insert(values.end(), more.begin(), more.end());
        }
      },
      all);
  return all;
}

std::optional<std::regex> pattern_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    return std::regex(text);
  } catch (const std::regex_error& error) {
    throw UsageError("'{}' is no regular expression ({})", printable(text), error.what());
  }
}

// One text a dim: "3;0.5" has two.
std::vector<std::string> texts_in(const std::string& name, const std::optional<std::regex>& pattern, std::size_t count) {
  std::vector<std::string> texts;
  if (!pattern) {
    for (std::size_t start = 0; start <= name.size();) {
      const std::size_t end = std::min(name.find(name_separator, start), name.size());
      texts.push_back(name.substr(start, end - start));
      start = end + 1;
    }
  } else {
    std::smatch match;
    if (!std::regex_search(name, match, *pattern)) {
      throw UsageError("the regular expression finds nothing in the name '{}': each part needs labels", printable(name));
    }
    for (std::size_t i = 1; i < match.size(); ++i) texts.push_back(match[i].str());
  }
  const bool empty = std::ranges::any_of(texts, [](const std::string& text) { return text.empty(); });
  if (texts.size() == count && !empty) return texts;
  throw UsageError("the name '{}' has {}{} for {}: {}", printable(name), plural(texts.size(), "label"),
                   empty ? ", an empty one among them," : "", plural(count, "dim"),
                   !pattern ? "write one for each, parted by ';', or say where labels come from"
                            : "the regular expression needs a group for each");
}

std::int64_t extent_along(const Array& array, const std::string& dim) {
  const auto axis = array.find_axis(dim);
  return axis ? array.dims()[*axis].size : 1;
}

LabelValues own_labels(const CombinePart& part, const std::string& dim) {
  const Coordinate* coord = part.array.find_coord(dim);
  if (coord == nullptr || !coord->values || size_of(*coord->values) != static_cast<std::size_t>(extent_along(part.array, dim))) {
    throw UsageError("{} has no labels along '{}': say where they come from", part.name, printable(dim));
  }
  return *coord->values;
}

LabelValues external_label(const CombinePart& part, const Container& container, const std::string& dim) {
  const AttributeValue::Data values = external_coord(container, dim, extent_along(part.array, dim)).values();
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) return *integers;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) return *texts;
  if (auto reals = AttributeValue{.data = values}.as_doubles()) return std::move(*reals);
  throw UsageError("the labels of {} along '{}' are neither numbers nor strings", part.name, printable(dim));
}

// The array with all dims, those that it lacks in front.
Array with_dims(const Array& array, const std::vector<std::string>& dims) {
  ArrayNode node = derive(array, RenameNode{array});
  std::erase_if(node.coords, [&](const Coordinate& coord) { return std::ranges::find(dims, coord.name) != dims.end(); });
  Array all = make_array(std::move(node));
  for (std::size_t d = dims.size(); d-- > 0;) {
    if (!all.find_axis(dims[d])) all = all.expand_dims(dims[d]);
  }
  return all;
}

// Every place of the grid that no member covers is an error; so is a grid too large to look at.
void expect_no_gaps(const std::vector<Member>& members, const std::vector<std::string>& dims,
                    const std::vector<LabelValues>& all) {
  std::int64_t size = 1;
  for (const LabelValues& labels : all) {
    if (__builtin_mul_overflow(size, static_cast<std::int64_t>(size_of(labels)), &size) || size > max_parameter_states) {
      throw UsageError("the labels of '{}' make more than {} places", fmt::join(dims, "', '"), max_parameter_states);
    }
  }
  std::set<std::int64_t> covered;
  for (const Member& member : members) {
    std::vector<std::int64_t> cells{0};
    for (std::size_t d = 0; d < dims.size(); ++d) {
      std::vector<std::int64_t> more;
      for (const std::int64_t cell : cells) {
        for (const std::int64_t place : places(member.labels[d], all[d])) {
          more.push_back(cell * static_cast<std::int64_t>(size_of(all[d])) + place);
        }
      }
      cells = std::move(more);
    }
    covered.insert(cells.begin(), cells.end());
  }
  if (std::ssize(covered) == size) return;
  std::int64_t first = 0;
  while (covered.contains(first)) ++first;
  std::string place;
  for (std::size_t d = dims.size(); d-- > 0; first /= static_cast<std::int64_t>(size_of(all[d]))) {
    const auto at = static_cast<std::size_t>(first % static_cast<std::int64_t>(size_of(all[d])));
    place = fmt::format("{} = {}{}{}", printable(dims[d]), format_label(all[d], at), place.empty() ? "" : ", ", place);
  }
  throw UsageError("{} of {} places have no member (the first is {}): merge takes them as missing", size - std::ssize(covered),
                   size, place);
}

}  // namespace

LabelValues external_labels(const std::vector<CombinePart>& parts, const std::vector<const Container*>& containers,
                            const std::string& dim) {
  std::vector<LabelValues> labels;
  for (std::size_t i = 0; i < parts.size(); ++i) labels.push_back(external_label(parts[i], *containers[i], dim));
  return joined(labels, dim);
}

Array combine_labelled(const LabelledMembers& from, const GroupCombineOptions& options, std::vector<std::string>* notes) {
  const std::vector<std::string>& dims = options.dims;
  const LabelSource& source = *options.labels_from;
  if (std::set<std::string>(dims.begin(), dims.end()).size() != dims.size()) {
    throw UsageError("a dim stands twice in '{}'", fmt::join(dims, "', '"));
  }
  if (source.kind == LabelSource::Kind::attribute) {
    throw UsageError("one attribute gives labels along one dim, not along {}: take attrs (ext_coords__<dim>)", dims.size());
  }
  expect_same_dims(from.parts);
  const std::size_t count = from.parts.size();
  std::vector<Member> members;
  for (const CombinePart& part : from.parts) members.push_back({{part.name, with_dims(part.array, dims)}, {}});
  std::vector<LabelValues> all;
  std::vector<std::vector<std::string>> texts;  // by member, those that could not be read behind the others
  if (source.kind == LabelSource::Kind::name) {
    const std::optional<std::regex> pattern = pattern_of(source.detail);
    for (const auto* names : {&from.names, &options.absent}) {
      for (const std::string& name : *names) texts.push_back(texts_in(name, pattern, dims.size()));
    }
  }
  for (std::size_t d = 0; d < dims.size(); ++d) {
    std::vector<LabelValues> labels;
    if (source.kind == LabelSource::Kind::name) {
      std::vector<std::string> column;
      for (const auto& row : texts) column.push_back(row[d]);
      const LabelValues values = labels_of_names(column);
      for (std::size_t i = 0; i < column.size(); ++i) labels.push_back(take(values, {static_cast<std::int64_t>(i)}));
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        labels.push_back(source.kind == LabelSource::Kind::data ? own_labels(from.parts[i], dims[d])
                                                                : external_label(from.parts[i], *from.containers[i], dims[d]));
      }
      labels = same_kind(labels, dims[d]);
    }
    all.push_back(all_labels(labels));
    for (std::size_t i = 0; i < count; ++i) {
      if (size_of(labels[i]) != static_cast<std::size_t>(extent_along(from.parts[i].array, dims[d]))) {
        throw UsageError("{} has {} along '{}', and {} elements", from.parts[i].name, plural(size_of(labels[i]), "label"),
                         printable(dims[d]), extent_along(from.parts[i].array, dims[d]));
      }
      if (std::ranges::count(places(labels[i], all[d]), -1) != 0) {
        throw UsageError("a label of '{}' of {} is NaN", printable(dims[d]), from.parts[i].name);
      }
      members[i].labels.push_back(labels[i]);
    }
  }
  if (options.combine.method == CombineMethod::concat && options.absent.empty()) expect_no_gaps(members, dims, all);

  for (std::size_t d = dims.size(); d-- > 0;) {
    std::map<std::vector<LabelValues>, std::vector<Member>> rows;  // by their places along the other dims
    for (Member& member : members) {
      std::vector<LabelValues> others = member.labels;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(d));
      rows[others].push_back(std::move(member));
    }
    members.clear();
    for (auto& [others, row] : rows) {
      std::vector<CombinePart> parts;
      std::vector<LabelValues> labels;
      for (Member& member : row) {
        parts.push_back(std::move(member.part));
        labels.push_back(member.labels[d]);
      }
      const CombineOptions along{dims[d], CombineMethod::merge, options.combine.join, joined(labels, dims[d]), all[d]};
      Member whole{{parts[0].name, combine(parts, along, notes)}, std::move(row[0].labels)};
      whole.labels[d] = all[d];
      members.push_back(std::move(whole));
    }
  }
  if (members.size() > 1) {
    throw UsageError("{} and {} cover the places along '{}' in no grid: their labels overlap in part", members[0].part.name,
                     members[1].part.name, fmt::join(dims, "', '"));
  }
  return members[0].part.array;
}

}  // namespace xylem::detail
