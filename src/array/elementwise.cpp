#include "xylem/array/elementwise.hpp"

#include <algorithm>
#include <limits>

#include "xylem/array/node.hpp"
#include "xylem/support/error.hpp"

#include "detail/build.hpp"

namespace xylem {
namespace {

const ConstantNode* as_constant(const Array& array) { return std::get_if<ConstantNode>(&array.node().kind); }

Operand operand_of(const Array& array) {
  Operand operand{array.dtype()};
  if (const ConstantNode* constant = as_constant(array)) {
    operand.weak = constant->weak;
    operand.value = constant->value;
  }
  return operand;
}

bool is_weak_integer(const Operand& operand) { return operand.weak && !is_floating(operand.type); }

Array number(const Number& value) {
  return std::visit([](auto v) { return Array(v); }, value);
}

// A number stays as it is written, unless astype has given one of its inputs a type.
Array constant_of(const Number& value, ElementType type, bool weak) {
  if (type == ElementType::boolean) return {std::get<std::uint64_t>(value) != 0};
  return weak ? number(value) : number(value).astype(type);
}

// Integers as they are written: exact, and an integer to a negative power is a float. Nothing for what is no arithmetic.
std::optional<Array> fold_integers(Operation operation, const std::vector<Operand>& operands) {
  std::vector<Number> values;
  for (const Operand& operand : operands) values.push_back(*operand.value);
  if (const auto value = evaluate_exactly(operation, values)) return number(*value);
  switch (operation) {
    case Operation::floor_divide:
    case Operation::remainder:
      if (values[1] != Number(std::int64_t{0})) break;
      throw UsageError("'{}' by the integer 0; write 0.0 for a result that is inf or nan", operation_info(operation).symbol);
    case Operation::power:
      if (fits(values[1], ElementType::uint64)) break;  // not negative
      return elementwise(operation, {number(convert(values[0], ElementType::float64)), number(values[1])});
    case Operation::add:
    case Operation::subtract:
    case Operation::multiply:
    case Operation::negative: break;
    default: return std::nullopt;
  }
  throw UsageError("the result of '{}' does not fit in 64 bits; write one of the numbers as a float, as in 2.0",
                   operation_info(operation).symbol);
}

// Numbers alone give a number, as in Python.
Array fold(Operation operation, const std::vector<Operand>& operands) {
  if (std::ranges::all_of(operands, is_weak_integer)) {
    if (auto whole = fold_integers(operation, operands)) return std::move(*whole);
  }
  const OperationTypes types = operation_types(operation, operands);
  std::vector<Number> values;
  for (std::size_t i = 0; i < operands.size(); ++i) values.push_back(convert(*operands[i].value, types.inputs[i]));
  const bool weak = std::ranges::all_of(operands, [](const Operand& o) { return o.weak || o.type == ElementType::boolean; });
  return constant_of(evaluate(operation, types, values), types.result, weak);
}

// The type with missing values that xarray chooses for integers.
ElementType with_missing(ElementType type) {
  if (is_floating(type)) return type;
  if (type == ElementType::boolean) {
    throw UsageError("where(condition, x) has no missing value for booleans; give one: where(condition, x, false)");
  }
  return element_size(type) <= 2 ? ElementType::float32 : ElementType::float64;
}

Array any_of(std::vector<Array> parts) {
  while (parts.size() > 1) {  // a balanced tree is not deep
    std::vector<Array> halves;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) halves.push_back(parts[i] | parts[i + 1]);
    if (parts.size() % 2 == 1) halves.push_back(parts.back());
    parts = std::move(halves);
  }
  return parts[0];
}

}  // namespace

Array elementwise(Operation operation, const std::vector<Array>& inputs) {
  const OperationInfo& info = operation_info(operation);
  if (inputs.size() != static_cast<std::size_t>(info.arity)) {
    throw UsageError("{}() takes {} {}, not {}", info.name, info.arity, info.arity == 1 ? "input" : "inputs", inputs.size());
  }
  std::vector<Operand> operands;
  for (const Array& input : inputs) operands.push_back(operand_of(input));
  if (std::ranges::all_of(operands, [](const Operand& operand) { return operand.value.has_value(); })) {
    return fold(operation, operands);
  }
  OperationTypes types = operation_types(operation, operands);
  ArrayNode node{.kind = ConstantNode{}};
  node.dims = detail::broadcast_dims(inputs);
  node.dtype = types.result;
  node.coords = detail::merge_coords(inputs);
  if (info.keeps_attributes) {
    const std::size_t first = info.types == TypeRule::choice ? 1 : 0;
    node.attributes = detail::merge_attributes({inputs.begin() + static_cast<std::ptrdiff_t>(first), inputs.end()});
  }
  node.kind = ElementwiseNode{operation, std::move(types), inputs};
  return detail::make_array(std::move(node));
}

Array where(const Array& condition, const Array& x, const Array& other) {
  return elementwise(Operation::where, {condition, x, other});
}

Array where(const Array& condition, const Array& x) {
  const bool weak = as_constant(x) != nullptr && as_constant(x)->weak;
  return where(condition, weak ? x : x.astype(with_missing(x.dtype())), std::numeric_limits<double>::quiet_NaN());
}

Array clip(const Array& x, const Array& low, const Array& high) { return minimum(maximum(x, low), high); }

Array isin(const Array& x, const std::vector<Array>& values) {
  if (values.empty()) throw UsageError("isin() needs at least one value to look for");
  std::vector<Array> parts;
  for (const Array& value : values) parts.push_back(x == value);
  return any_of(std::move(parts));
}

}  // namespace xylem
