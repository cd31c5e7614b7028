#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

std::int64_t normalized(std::int64_t position, const Dim& dim) {
  if (position < -dim.size || position >= dim.size) {
    throw UsageError("position {} is outside the dim '{}' of {} elements", position, printable(dim.name), dim.size);
  }
  return position < 0 ? position + dim.size : position;
}

// Python's slice.indices.
Stride normalized(const Slice& slice, const Dim& dim) {
  const std::int64_t n = dim.size, step = slice.step;
  if (step == 0) throw UsageError("the step of a slice along '{}' is 0", printable(dim.name));
  const std::int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? n : n - 1;
  const auto bound = [&](std::int64_t value) {
    return std::clamp(value < 0 ? std::max(value, -n - 1) + n : value, lowest, highest);
  };
  const std::int64_t start = slice.start ? bound(*slice.start) : (step > 0 ? lowest : highest);
  const std::int64_t stop = slice.stop ? bound(*slice.stop) : (step > 0 ? highest : lowest);
  const std::int64_t distance = step > 0 ? stop - start : start - stop;
  if (distance <= 0) return {0, 1, 0};
  // Steps as long as the dim lead to one element; cutting them keeps the arithmetic within 64 bits.
  const std::int64_t length = std::clamp(step, -n, n);
  return {start, length, (distance - 1) / std::abs(length) + 1};
}

AxisSelection normalized(const Positions& positions, const Dim& dim) {
  if (const auto* one = std::get_if<std::int64_t>(&positions)) return normalized(*one, dim);
  if (const auto* slice = std::get_if<Slice>(&positions)) return normalized(*slice, dim);
  std::vector<std::int64_t> list;
  for (const std::int64_t position : std::get<std::vector<std::int64_t>>(positions)) list.push_back(normalized(position, dim));
  return list;
}

// The coordinate after the selection of each dim of `dims`.
Coordinate select(const Coordinate& coord, const std::vector<Dim>& dims, const std::vector<AxisSelection>& axes) {
  Coordinate result = coord;
  result.dims.clear();
  std::vector<std::pair<std::string, Positions>> indexers;
  for (const std::string& name : coord.dims) {
    const auto axis = static_cast<std::size_t>(std::ranges::find(dims, name, &Dim::name) - dims.begin());
    if (!std::holds_alternative<std::int64_t>(axes[axis])) result.dims.push_back(name);
    if (axes[axis] == AxisSelection(Stride{0, 1, dims[axis].size})) continue;
    indexers.emplace_back(name, as_positions(axes[axis]));
    if (coord.values) {
      result.values = std::make_shared<const LabelValues>(detail::take(*coord.values, detail::positions_of(axes[axis])));
    }
  }
  if (coord.lazy) result.lazy = coord.lazy->isel(indexers);
  return result;
}

}  // namespace

Positions as_positions(const AxisSelection& selection) {
  if (const auto* one = std::get_if<std::int64_t>(&selection)) return *one;
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&selection)) return *list;
  const auto& [start, step, count] = std::get<Stride>(selection);
  if (count == 0) return Slice{0, 0, 1};
  const std::int64_t last = start + (count - 1) * step;
  Slice slice{start, last + 1, step};
  if (step < 0) slice.stop = last == 0 ? std::nullopt : std::optional(last - 1);
  return slice;
}

std::vector<std::int64_t> detail::positions_of(const AxisSelection& selection) {
  if (const auto* one = std::get_if<std::int64_t>(&selection)) return {*one};
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&selection)) return *list;
  const auto& stride = std::get<Stride>(selection);
  std::vector<std::int64_t> positions;
  positions.reserve(static_cast<std::size_t>(stride.count));
  for (std::int64_t i = 0; i < stride.count; ++i) positions.push_back(stride.start + i * stride.step);
  return positions;
}

Array Array::isel(const std::vector<std::pair<std::string, Positions>>& indexers) const {
  if (indexers.empty()) return *this;
  std::vector<AxisSelection> axes;
  for (const Dim& dim : dims()) axes.emplace_back(Stride{0, 1, dim.size});
  std::vector<std::string> names;
  for (const auto& [name, positions] : indexers) names.push_back(name);
  detail::expect_dims(dims(), names);
  for (const auto& [name, positions] : indexers) axes[axis(name)] = normalized(positions, dims()[axis(name)]);

  ArrayNode node{.kind = ConstantNode{}};
  node.dtype = dtype();
  node.attributes = attributes();
  for (std::size_t i = 0; i < ndim(); ++i) {
    if (const auto* stride = std::get_if<Stride>(&axes[i])) {
      node.dims.push_back({dims()[i].name, stride->count});
    } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&axes[i])) {
      node.dims.push_back({dims()[i].name, static_cast<std::int64_t>(list->size())});
    }
  }
  for (const Coordinate& coord : coords()) node.coords.push_back(select(coord, dims(), axes));
  node.kind = IselNode{*this, std::move(axes)};
  return detail::make_array(std::move(node));
}

Array Array::isel(const std::string& dim, Positions positions) const { return isel({{dim, std::move(positions)}}); }

Array Array::squeeze(const DimNames& dims_of_one) const {
  std::vector<std::string> names = dims_of_one.names();
  if (names.empty()) {
    for (const Dim& dim : dims()) {
      if (dim.size == 1) names.push_back(dim.name);
    }
  }
  std::vector<std::pair<std::string, Positions>> indexers;
  for (const std::string& name : detail::expect_dims(dims(), names)) {
    if (dims()[axis(name)].size != 1) {
      throw UsageError("squeeze() drops dims of one element, and '{}' has {}; choose one with isel", printable(name),
                       dims()[axis(name)].size);
    }
    indexers.emplace_back(name, std::int64_t{0});
  }
  return isel(indexers);
}

}  // namespace xylem
