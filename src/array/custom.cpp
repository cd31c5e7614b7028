#include "xylem/array/custom.hpp"

#include <algorithm>

#include "xylem/array/node.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

const ConstantNode* as_constant(const Array& array) { return std::get_if<ConstantNode>(&array.node().kind); }

// Numbers as they are written give way where their value does not change.
bool converts(const Array& input, ElementType type) {
  const ConstantNode* constant = as_constant(input);
  if (constant == nullptr || !constant->weak) return promote(input.dtype(), type) == type;
  if (is_floating(type)) return true;
  return !is_floating(input.dtype()) && type != ElementType::boolean && fits(constant->value, type);
}

// The inputs as the types that are asked for.
std::vector<Array> converted(const std::string& name, const std::vector<Array>& inputs, const std::vector<ElementType>& types) {
  if (inputs.size() != types.size()) {
    throw UsageError("{}() takes {}, not {}", printable(name), plural(types.size(), "input"), inputs.size());
  }
  if (std::ranges::all_of(inputs, [](const Array& input) { return as_constant(input) != nullptr; })) {
    throw UsageError("{}() of numbers alone is no array; call the functor itself", printable(name));
  }
  std::vector<Array> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!converts(inputs[i], types[i])) {
      throw UsageError("input {} of {}() is {}, not all of which {} holds; convert it with astype first", i + 1, printable(name),
                       type_name(inputs[i].dtype()), type_name(types[i]));
    }
    result.push_back(inputs[i].dtype() == types[i] ? inputs[i] : inputs[i].astype(types[i]));
  }
  return result;
}

}  // namespace

Array apply(const std::shared_ptr<const CustomFunction>& function, const std::vector<Array>& given) {
  XYLEM_EXPECT(function != nullptr, "a function to apply");
  const std::vector<Array> inputs = converted(function->name(), given, function->inputs());
  ArrayNode node{.kind = ConstantNode{}};
  node.dims = detail::broadcast_dims(inputs);
  node.dtype = function->result();
  node.coords = detail::merge_coords(inputs);
  node.kind = ElementwiseNode{Operation::custom, {function->inputs(), function->result()}, inputs, function};
  return detail::make_array(std::move(node));
}

Array reduce(const std::shared_ptr<const CustomReduction>& reduction, const std::vector<Array>& given, const DimNames& names,
             const ReduceOptions& options) {
  XYLEM_EXPECT(reduction != nullptr, "a reduction to reduce by");
  if (options.ddof || options.min_count != 0) {
    throw UsageError("{}() takes skipna and keepdims, and no other option", printable(reduction->name()));
  }
  const std::vector<Array> inputs = converted(reduction->name(), given, reduction->inputs());
  const std::vector<Dim> dims = detail::broadcast_dims(inputs);
  ReductionNode made{Reduction::custom, inputs, detail::expect_dims(dims, names.names())};
  if (names.names().empty()) {
    for (const Dim& dim : dims) made.dims.push_back(dim.name);
  }
  made.skipna = options.skipna;
  made.keepdims = options.keepdims;
  made.custom = reduction;
  const auto is_reduced = [&](const std::string& dim) { return std::ranges::find(made.dims, dim) != made.dims.end(); };
  ArrayNode node{.kind = ConstantNode{}};
  node.dtype = reduction->result();
  for (const Dim& dim : dims) {
    if (!is_reduced(dim.name)) node.dims.push_back(dim);
    if (is_reduced(dim.name) && options.keepdims) node.dims.push_back({dim.name, 1});
  }
  node.coords = detail::merge_coords(inputs);
  std::erase_if(node.coords, [&](const Coordinate& coord) { return std::ranges::any_of(coord.dims, is_reduced); });
  node.kind = std::move(made);
  return detail::make_array(std::move(node));
}

}  // namespace xylem
