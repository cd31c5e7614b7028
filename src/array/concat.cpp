#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

struct Joint {
  const std::vector<Array>& arrays;
  const std::string& dim;
  bool is_new;
};

bool runs_along(const Coordinate& coord, const std::string& dim) {
  return std::ranges::find(coord.dims, dim) != coord.dims.end();
}

void expect_same_dims(const Joint& joint) {
  const Array& first = joint.arrays[0];
  for (std::size_t i = 1; i < joint.arrays.size(); ++i) {
    const Array& other = joint.arrays[i];
    const bool same = other.ndim() == first.ndim() && std::ranges::all_of(first.dims(), [&](const Dim& dim) {
                        const auto axis = other.find_axis(dim.name);
                        return axis && (dim.name == joint.dim || other.dims()[*axis].size == dim.size);
                      });
    if (!same) {
      throw UsageError(
          "arrays 1 and {} cannot be joined along '{}' (they are {} and {}); all have that dim or none, and the others must be "
          "equal",
          i + 1, printable(joint.dim), summary(first), summary(other));
    }
  }
}

// Known values one after the other: strings among strings only, integers with floats become floats.
std::optional<LabelValues> joined_values(const std::vector<const Coordinate*>& parts) {
  bool strings = false, numbers = false, reals = false;
  for (const Coordinate* part : parts) {
    const bool is_string = std::holds_alternative<std::vector<std::string>>(*part->values);
    (is_string ? strings : numbers) = true;
    reals |= std::holds_alternative<std::vector<double>>(*part->values);
  }
  if (strings && numbers) return std::nullopt;
  LabelValues result;
  if (strings) result = std::vector<std::string>{};
  if (reals) result = std::vector<double>{};
  for (const Coordinate* part : parts) {
    std::visit(
        [](auto& all, const auto& some) {
          if constexpr (std::is_convertible_v<decltype(some[0]), std::decay_t<decltype(all[0])>>) {
            for (const auto& value : some) all.push_back(static_cast<std::decay_t<decltype(all[0])>>(value));
          }
        },
        result, *part->values);
  }
  return result;
}

// The coordinate `name` of all arrays, one after the other along the dim; nothing where they do not fit together.
std::optional<Coordinate> joined(const Joint& joint, const std::vector<const Coordinate*>& parts) {
  const Coordinate& first = *parts[0];
  if (!std::ranges::all_of(parts, [&](const Coordinate* part) { return part->dims == first.dims; })) return std::nullopt;
  Coordinate whole = first;
  if (whole.dims.empty()) whole.dims = {joint.dim};
  if (std::ranges::all_of(parts, [](const Coordinate* part) { return part->values != nullptr; })) {
    auto values = joined_values(parts);
    if (!values) return std::nullopt;
    whole.values = std::make_shared<const LabelValues>(std::move(*values));
    return whole;
  }
  std::vector<Array> lazies;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]->values && std::holds_alternative<std::vector<std::string>>(*parts[i]->values)) return std::nullopt;
    lazies.push_back(parts[i]->values ? joint.arrays[i].coord(first.name) : *parts[i]->lazy);
  }
  whole.values = nullptr;
  whole.lazy = concat(lazies, joint.dim);
  return whole;
}

std::vector<Coordinate> joined_coords(const Joint& joint) {
  std::vector<Coordinate> result;
  std::vector<Array> others;  // with the coords that must not change along the dim
  for (const Array& array : joint.arrays) {
    ArrayNode node = detail::derive(array, array.node().kind);
    std::erase_if(node.coords, [&](const Coordinate& coord) { return runs_along(coord, joint.dim); });
    others.push_back(detail::make_array(std::move(node)));
  }
  for (const Coordinate& coord : joint.arrays[0].coords()) {
    std::vector<const Coordinate*> parts;
    for (const Array& array : joint.arrays) {
      if (const Coordinate* part = array.find_coord(coord.name)) parts.push_back(part);
    }
    if (parts.size() != joint.arrays.size()) continue;
    const bool along = !joint.is_new && runs_along(coord, joint.dim);
    const bool differ =
        std::ranges::any_of(parts, [&](const Coordinate* part) { return !detail::same_coordinate(*part, coord); });
    const bool scalars = joint.is_new && coord.dims.empty() && (differ || coord.name == joint.dim);
    if (!along && !scalars) continue;
    if (auto whole = joined(joint, parts)) result.push_back(std::move(*whole));
  }
  for (Coordinate& coord : detail::merge_coords(others)) {
    const bool taken = std::ranges::find(result, coord.name, &Coordinate::name) != result.end() || coord.name == joint.dim;
    const bool everywhere =
        std::ranges::all_of(joint.arrays, [&](const Array& a) { return a.find_coord(coord.name) != nullptr; });
    if (!taken && (everywhere || coord.is_index())) result.push_back(std::move(coord));
  }
  return result;
}

}  // namespace

Array concat(const std::vector<Array>& parts, const std::string& dim) {
  if (parts.empty()) throw UsageError("concat() needs at least one array");
  if (dim.empty()) throw UsageError("concat() needs the name of a dim");
  const std::vector<Array> arrays = detail::in_common_time_units(parts);
  const Joint joint{arrays, dim, !arrays[0].find_axis(dim)};
  expect_same_dims(joint);
  ArrayNode node{.kind = ConstantNode{}};
  node.dims = arrays[0].dims();
  node.dtype = arrays[0].dtype();
  for (const Array& array : arrays) node.dtype = promote(node.dtype, array.dtype());
  if (joint.is_new) {
    node.dims.insert(node.dims.begin(), Dim{dim, static_cast<std::int64_t>(arrays.size())});
  } else {
    Dim& whole = node.dims[arrays[0].axis(dim)];
    whole.size = 0;
    for (const Array& array : arrays) {
      if (__builtin_add_overflow(whole.size, array.dims()[array.axis(dim)].size, &whole.size)) {
        throw UsageError("the dim '{}' would have more than 2^63 elements", printable(dim));
      }
    }
  }
  node.coords = joined_coords(joint);
  node.attributes = detail::merge_attributes(arrays);
  node.kind = ConcatNode{arrays, dim, joint.is_new};
  return detail::make_array(std::move(node));
}

}  // namespace xylem
