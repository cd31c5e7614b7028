#include "xylem/array/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <type_traits>

#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace detail {

Array make_array(ArrayNode node) {
  for (const Array& input : inputs_of(node)) node.depth = std::max(node.depth, input.node().depth + 1);
  if (node.depth > kMaxDepth) {
    throw UsageError("this array is made by more than {} operations, one on top of the other; split it into several", kMaxDepth);
  }
  return Array(std::make_shared<const ArrayNode>(std::move(node)));
}

ArrayNode derive(const Array& array, NodeKind kind) {
  return {array.dims(), array.dtype(), array.coords(), array.attributes(), std::move(kind)};
}

std::string format_dims(const std::vector<Dim>& dims) {
  if (dims.empty()) return "it has no dims";
  std::string text = "dims: ";
  for (const Dim& dim : dims) text += (&dim == dims.data() ? "" : ", ") + printable(dim.name);
  return text;
}

std::vector<std::string> expect_dims(const std::vector<Dim>& all, const std::vector<std::string>& dims) {
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (std::ranges::find(all, dims[i], &Dim::name) == all.end()) {
      std::vector<std::string> names;
      for (const Dim& dim : all) names.push_back(dim.name);
      throw UsageError("no dim '{}' ({}){}", printable(dims[i]), format_dims(all), did_you_mean(dims[i], names));
    }
    if (std::find(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(i), dims[i]) !=
        dims.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UsageError("the dim '{}' is named twice", printable(dims[i]));
    }
  }
  std::vector<std::string> ordered;
  for (const Dim& dim : all) {
    if (std::ranges::find(dims, dim.name) != dims.end()) ordered.push_back(dim.name);
  }
  return ordered;
}

}  // namespace detail

Array Array::constant(Constant value) {
  ArrayNode node{.kind = ConstantNode{}};
  ConstantNode& constant = std::get<ConstantNode>(node.kind);
  std::visit(
      [&](auto v) {
        if constexpr (std::is_same_v<decltype(v), bool>) {
          constant.value = std::uint64_t{v ? 1U : 0U};
          node.dtype = ElementType::boolean;
        } else if constexpr (std::is_same_v<decltype(v), double>) {
          constant.value = v;
          node.dtype = ElementType::float64;
        } else if (std::in_range<std::int64_t>(v)) {
          constant.value = static_cast<std::int64_t>(v);
          node.dtype = ElementType::int64;
        } else {
          constant.value = static_cast<std::uint64_t>(v);
          node.dtype = ElementType::uint64;
        }
        constant.weak = !std::is_same_v<decltype(v), bool>;
      },
      value);
  return detail::make_array(std::move(node));
}

const std::vector<Dim>& Array::dims() const noexcept { return node_->dims; }
ElementType Array::dtype() const noexcept { return node_->dtype; }
const std::vector<Coordinate>& Array::coords() const noexcept { return node_->coords; }
const Attributes& Array::attributes() const noexcept { return node_->attributes; }

Shape Array::shape() const {
  Shape shape;
  for (const Dim& dim : dims()) shape.push_back(dim.size);
  return shape;
}

const Coordinate* Array::find_coord(const std::string& name) const noexcept {
  const auto found = std::ranges::find(coords(), name, &Coordinate::name);
  return found == coords().end() ? nullptr : &*found;
}

std::optional<std::size_t> Array::find_axis(const std::string& dim) const noexcept {
  const auto found = std::ranges::find(dims(), dim, &Dim::name);
  if (found == dims().end()) return std::nullopt;
  return static_cast<std::size_t>(found - dims().begin());
}

std::size_t Array::axis(const std::string& dim) const {
  detail::expect_dims(dims(), {dim});
  return *find_axis(dim);
}

Array Array::coord(const std::string& name) const {
  const Coordinate* found = find_coord(name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const Coordinate& coord : coords()) names.push_back(coord.name);
    throw UsageError("no coord '{}' (coords: {}){}", printable(name),
                     names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")), did_you_mean(name, names));
  }
  if (!found->values) return *found->lazy;
  if (std::holds_alternative<std::vector<std::string>>(*found->values)) {
    throw UsageError("the coord '{}' holds strings, which cannot be computed with", printable(name));
  }
  ArrayNode node{.kind = CoordinateNode{found->values}};
  const bool integral = std::holds_alternative<std::vector<std::int64_t>>(*found->values);
  node.dtype = integral ? ElementType::int64 : ElementType::float64;
  node.attributes = found->attributes;
  for (const std::string& dim : found->dims) node.dims.push_back(dims()[axis(dim)]);
  for (const Coordinate& other : coords()) {
    if (std::ranges::all_of(other.dims,
                            [&](const auto& dim) { return std::ranges::find(found->dims, dim) != found->dims.end(); })) {
      node.coords.push_back(other);
    }
  }
  return detail::make_array(std::move(node));
}

const char* name_of(const ReductionNode& node) noexcept {
  return node.custom ? node.custom->name().c_str() : reduction_info(node.reduction).name;
}

std::vector<Array> inputs_of(const ArrayNode& node) {
  return std::visit(
      [](const auto& kind) -> std::vector<Array> {
        if constexpr (requires { kind.inputs; }) {
          return kind.inputs;
        } else if constexpr (requires { kind.input; }) {
          return {kind.input};
        } else {
          return {};
        }
      },
      node.kind);
}

std::string summary(const Array& array) {
  std::string text = type_name(array.dtype());
  text += " (";
  for (const Dim& dim : array.dims()) {
    text += fmt::format("{}{}: {}", &dim == array.dims().data() ? "" : ", ", printable(dim.name), dim.size);
  }
  return text + ")";
}

}  // namespace xylem
