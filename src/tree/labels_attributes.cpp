#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/labels.hpp"

namespace xylem {
namespace {

constexpr std::string_view dims_attribute = "dims";
constexpr std::string_view dim_name_prefix = "dim_name__";
constexpr std::string_view coords_prefix = "coords__";
constexpr std::string_view mode_prefix = "coords_mode__";
constexpr std::string_view external_prefix = "ext_coords__";
constexpr std::string_view external_mode_prefix = "ext_coords_mode__";

constexpr std::array<const char*, 10> mode_names{"values",         "range",   "arange", "linspace", "logspace",
                                                 "start_and_step", "trivial", "scalar", "linked",   "dataset"};

// An attribute as found on a dataset, for messages.
struct Named {
  const DatasetInfo& info;
  const std::string& attribute;
  const AttributeValue& value;

  [[noreturn]] void reject(const std::string& why) const {
    throw DataError("attribute '{}' = {} of {} cannot be used ({})", printable(attribute), format_attribute(value),
                    info.ref.describe(), why);
  }
};

// Visits the attributes whose names begin with `prefix`, with the rest of the name.
template <class F>
void for_each_with_prefix(const DatasetInfo& info, std::string_view prefix, F&& visit) {
  for (auto it = info.attributes.lower_bound(std::string(prefix)); it != info.attributes.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) return;
    visit(Named{info, it->first, it->second}, it->first.substr(prefix.size()));
  }
}

// What Python's int() reads: spaces around, a sign, digits parted by single underscores.
std::optional<std::int64_t> python_int(std::string_view text) {
  constexpr std::string_view spaces = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
  std::string digits = text[0] == '-' ? "-" : "";
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = i > 0 && i + 1 < text.size() && text[i - 1] != '_';
    if (text[i] == '_' && between) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits += text[i];
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void read_dims(const Named& dims, DimNames& names) {
  const auto values = dims.value.as_strings();
  if (!values) dims.reject("it is no sequence of strings: write one name a dimension");
  if (dims.value.shape.empty()) dims.reject("a bare string: write a sequence of strings, one name a dimension");
  if (values->size() != names.size() || dims.value.shape[0] != static_cast<std::int64_t>(names.size())) {
    dims.reject(fmt::format("{} for {}", plural(values->size(), "name"), plural(names.size(), "dimension")));
  }
  names = *values;
}

CoordMode read_mode(const DatasetInfo& info, const Attributes& attributes, const std::string& attribute, CoordMode otherwise) {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return otherwise;
  const auto text = found->second.as_string();
  const auto last = mode_names.end() - 1;  // "dataset" is not for attributes
  const auto mode = text ? std::find(mode_names.begin(), last, *text) : last;
  if (mode == last) {
    Named{info, found->first, found->second}.reject(
        "an unknown mode: take values, range, arange, linspace, logspace, start_and_step, trivial, scalar or linked");
  }
  return static_cast<CoordMode>(mode - mode_names.begin());
}

void expect_length(const Named& from, std::int64_t length, const std::string& dim, std::int64_t extent) {
  if (length != extent) {
    from.reject(
        fmt::format("{} for dim '{}' of length {}", plural(static_cast<std::size_t>(length), "value"), printable(dim), extent));
  }
}

void read_link(const Container& container, const Named& from, Coord& coord) {
  const auto path = from.value.as_string();
  if (!path || path->empty()) from.reject("it must be the path of a dataset, relative to the group");
  if (path->front() == '/') from.reject("an absolute path: write it relative to the dataset's group, without '/' in front");
  coord.path = *path;
  const Group* group = container.parent();
  const Container* target = group == nullptr ? nullptr : find_container(*group, *path);
  if (target == nullptr) return;  // resolved only when it is needed: it may be elsewhere in a larger tree
  coord.path = target->info().ref.path;
  if (target->info().ndim() != 1) {
    from.reject(fmt::format("'{}' has shape {}, where one dimension is needed", printable(coord.path),
                            format_shape(target->info().shape)));
  }
  expect_length(from, target->info().shape[0], coord.name, coord.size);
}

// Fills in what `mode` makes of the attribute; throws DataError where that is not one value for each element of the dim.
void read_coord(const Container& container, const Named& from, Coord& coord) {
  const AttributeValue& value = from.value;
  const std::int64_t extent = coord.size;
  const auto length = static_cast<std::int64_t>(value.size());
  switch (coord.mode) {
    case CoordMode::linked: read_link(container, from, coord); return;
    case CoordMode::scalar:
      if (length != 1) from.reject("a scalar coordinate has exactly one value");
      expect_length(from, 1, coord.name, extent);
      return;
    case CoordMode::values:
      if (std::holds_alternative<std::monostate>(value.data)) from.reject("neither numbers nor strings");
      if (value.shape.size() > 1)
        from.reject(fmt::format("values of shape {}, where one dimension is needed", format_shape(value.shape)));
      expect_length(from, length, coord.name, extent);
      return;
    default: break;
  }
  std::int64_t count = 0;
  try {
    count = make_sequence(coord.mode, value, extent).count;
  } catch (const std::invalid_argument& error) {
    from.reject(fmt::format("mode {}: {}", mode_name(coord.mode), error.what()));
  }
  expect_length(from, count, coord.name, extent);
}

AttributeValue absent_argument() {
  AttributeValue value;
  value.null = true;
  return value;
}

std::string list_names(const DimNames& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!name.empty()) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", printable(name));
  }
  return list.empty() ? "no dim has a name" : "there is " + list;
}

}  // namespace

const char* mode_name(CoordMode mode) noexcept { return mode_names[static_cast<std::size_t>(mode)]; }

DimNames names_from_attributes(const DatasetInfo& info) {
  DimNames names(info.ndim());
  if (const auto dims = info.attributes.find(std::string(dims_attribute)); dims != info.attributes.end()) {
    read_dims({info, dims->first, dims->second}, names);
  }
  for_each_with_prefix(info, dim_name_prefix, [&](const Named& from, const std::string& number) {
    const auto dim = python_int(number);
    if (!dim)
      from.reject(fmt::format("'{}' is no number: write {}0 for the first dimension", printable(number), dim_name_prefix));
    if (*dim < 0 || *dim >= static_cast<std::int64_t>(names.size())) {
      from.reject(fmt::format("there is no dimension {} of {}", *dim, names.size()));
    }
    const auto text = from.value.as_string();
    if (!text) from.reject("a name is one string");
    names[static_cast<std::size_t>(*dim)] = *text;
  });
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!name.empty() && !seen.insert(name).second) {
      throw DataError("the attributes '{}' and '{}<i>' of {} name two dims '{}' (dims need different names)", dims_attribute,
                      dim_name_prefix, info.ref.describe(), printable(name));
    }
  }
  return names;
}

Coord external_coord(const Container& container, const std::string& dim, std::int64_t extent) {
  const DatasetInfo& info = container.info();
  const std::string attribute = std::string(external_prefix) + dim, mode_attribute = std::string(external_mode_prefix) + dim;
  const Node* holder = &container;
  while (holder != nullptr && !holder->attributes().contains(attribute) && !holder->attributes().contains(mode_attribute)) {
    holder = holder->parent();
  }
  if (holder == nullptr) {
    throw DataError("{} has no attribute '{}', nor has a group above it: its place along '{}' is not known", info.ref.describe(),
                    printable(attribute), printable(dim));
  }
  const Attributes& attributes = holder->attributes();
  const CoordMode mode = read_mode(info, attributes, mode_attribute, CoordMode::scalar);
  const auto found = attributes.find(attribute);
  Coord coord{dim, {dim}, mode, found == attributes.end() ? absent_argument() : found->second, {}, extent};
  read_coord(container, {info, attribute, coord.argument}, coord);
  return coord;
}

std::vector<Coord> coords_from_attributes(const Container& container, const DimNames& names, bool strict) {
  const DatasetInfo& info = container.info();
  std::vector<Coord> coords;
  std::set<std::string> used;
  for (std::size_t d = 0; d < names.size(); ++d) {
    if (names[d].empty()) continue;
    const std::string attribute = std::string(coords_prefix) + names[d];
    const CoordMode mode = read_mode(info, info.attributes, std::string(mode_prefix) + names[d], CoordMode::values);
    const auto found = info.attributes.find(attribute);
    const bool given = found != info.attributes.end();
    if (!given && mode == CoordMode::values) continue;
    Coord coord{names[d], {names[d]}, mode, given ? found->second : absent_argument(), {}, info.shape[d]};
    read_coord(container, {info, attribute, coord.argument}, coord);
    coords.push_back(std::move(coord));
    used.insert(names[d]);
  }
  if (!strict) return coords;
  for (const std::string_view prefix : {coords_prefix, mode_prefix}) {
    for_each_with_prefix(info, prefix, [&](const Named& from, const std::string& dim) {
      if (used.count(dim) != 0) return;
      if (std::find(names.begin(), names.end(), dim) != names.end()) {
        from.reject(fmt::format("a mode without '{}{}'", coords_prefix, printable(dim)));
      }
      from.reject(fmt::format("no dim is named '{}': {}", printable(dim), list_names(names)));
    });
  }
  return coords;
}

}  // namespace xylem
