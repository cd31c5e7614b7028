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

using Names = std::vector<std::pair<std::string, std::string>>;

const std::string& renamed(const Names& names, const std::string& name) {
  const auto found = std::ranges::find(names, name, &Names::value_type::first);
  return found == names.end() ? name : found->second;
}

void expect_known(const Array& array, const Names& names) {
  std::set<std::string> seen;
  for (const auto& [from, to] : names) {
    if (!seen.insert(from).second) throw UsageError("'{}' is renamed twice", printable(from));
    if (to.empty()) throw UsageError("'{}' cannot be renamed to an empty name", printable(from));
    if (array.find_axis(from) || array.find_coord(from) != nullptr) continue;
    std::vector<std::string> known;
    for (const Dim& dim : array.dims()) known.push_back(dim.name);
    for (const Coordinate& coord : array.coords()) known.push_back(coord.name);
    throw UsageError("no dim or coord '{}' to rename ({}){}", printable(from), detail::format_dims(array.dims()),
                     did_you_mean(from, known));
  }
}

template <class Range>
void expect_different(const Range& named, const char* what) {
  std::set<std::string> seen;
  for (const auto& one : named) {
    if (!seen.insert(one.name).second) throw UsageError("after renaming there would be two {} '{}'", what, printable(one.name));
  }
}

}  // namespace

Array Array::rename(const Names& names) const {
  expect_known(*this, names);
  ArrayNode node = detail::derive(*this, RenameNode{*this});
  for (Dim& dim : node.dims) dim.name = renamed(names, dim.name);
  expect_different(node.dims, "dims");
  for (Coordinate& coord : node.coords) {
    coord.name = renamed(names, coord.name);
    Names inner;
    for (std::string& dim : coord.dims) {
      if (renamed(names, dim) != dim) inner.emplace_back(dim, renamed(names, dim));
      dim = renamed(names, dim);
    }
    if (coord.lazy && !inner.empty()) coord.lazy = coord.lazy->rename(inner);
  }
  expect_different(node.coords, "coords");
  return detail::make_array(std::move(node));
}

Array Array::transpose(const DimNames& names) const {
  ArrayNode node = detail::derive(*this, TransposeNode{*this});
  if (names.names().empty()) {
    std::ranges::reverse(node.dims);
  } else {
    const auto known = detail::expect_dims(dims(), names.names());
    if (known.size() != ndim()) {
      throw UsageError("transpose() names {} of {} dims; name all ({})", known.size(), ndim(), detail::format_dims(dims()));
    }
    for (std::size_t i = 0; i < ndim(); ++i) node.dims[i] = dims()[axis(names.names()[i])];
  }
  return detail::make_array(std::move(node));
}

Array Array::expand_dims(const std::string& dim) const {
  if (dim.empty()) throw UsageError("a dim needs a name that is not empty");
  if (find_axis(dim)) throw UsageError("there already is a dim '{}' ({})", printable(dim), detail::format_dims(dims()));
  ArrayNode node = detail::derive(*this, ExpandDimsNode{*this});
  node.dims.insert(node.dims.begin(), Dim{dim, 1});
  for (Coordinate& coord : node.coords) {
    if (coord.name != dim) continue;
    if (!coord.dims.empty()) throw UsageError("the coord '{}' runs along other dims; rename it first", printable(dim));
    coord.dims = {dim};
    if (coord.lazy) coord.lazy = coord.lazy->expand_dims(dim);
  }
  return detail::make_array(std::move(node));
}

Array Array::astype(ElementType type) const {
  if (const auto* constant = std::get_if<ConstantNode>(&node().kind)) {  // from here on its type counts
    const bool whole = constant->weak && is_integer(dtype()) && is_integer(type);
    if (whole && !fits(constant->value, type)) {
      throw UsageError("{} does not fit in {}", format_number(constant->value), type_name(type));
    }
    ArrayNode node{.kind = ConstantNode{convert(constant->value, type), false}};
    node.dtype = type;
    return detail::make_array(std::move(node));
  }
  if (type == dtype()) return *this;
  ArrayNode node = detail::derive(*this, CastNode{*this});
  node.dtype = type;
  return detail::make_array(std::move(node));
}

}  // namespace xylem
