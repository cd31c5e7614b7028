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

bool is_integer_number(const Array& array) {
  const ConstantNode* constant = as_constant(array);
  return constant != nullptr && constant->weak && std::holds_alternative<std::int64_t>(constant->value);
}

// A number stays as it is written, unless astype has given one of its inputs a type.
Array constant_of(const Number& value, ElementType type, bool weak) {
  if (type == ElementType::boolean) return {std::get<std::uint64_t>(value) != 0};
  const Array number = std::visit([](auto v) { return Array(v); }, value);
  return weak ? number : number.astype(type);
}

// Numbers alone give a number, as in Python: integers are exact, and an integer to a negative power is a float.
Array fold(Operation operation, const std::vector<Array>& inputs, const std::vector<Operand>& operands) {
  if (std::ranges::all_of(inputs, is_integer_number)) {
    std::vector<std::int64_t> integers;
    for (const Array& input : inputs) integers.push_back(std::get<std::int64_t>(as_constant(input)->value));
    if (const auto value = evaluate_exactly(operation, integers)) return {*value};
    if (operation == Operation::power && integers[1] < 0) {
      return fold(operation, {Array(static_cast<double>(integers[0])), inputs[1]},
                  {Operand{ElementType::float64, true, static_cast<double>(integers[0])}, operands[1]});
    }
    if ((operation == Operation::floor_divide || operation == Operation::remainder) && integers[1] == 0) {
      throw UsageError("'{}' by the integer 0; write 0.0 for a result that is inf or nan", operation_info(operation).symbol);
    }
    const TypeRule rule = operation_info(operation).types;
    if (rule == TypeRule::promoted || rule == TypeRule::boolless || rule == TypeRule::bool_to_int8) {
      const Operation exact[] = {Operation::add,      Operation::subtract,     Operation::multiply,
                                 Operation::negative, Operation::floor_divide, Operation::power};
      if (std::ranges::find(exact, operation) != std::end(exact)) {
        throw UsageError("the result of '{}' does not fit in 64 bits; write one of the numbers as a float, as in 2.0",
                         operation_info(operation).symbol);
      }
    }
  }
  const OperationTypes types = operation_types(operation, operands);
  std::vector<Number> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) values.push_back(convert(as_constant(inputs[i])->value, types.inputs[i]));
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
  if (std::ranges::all_of(inputs, [](const Array& input) { return as_constant(input) != nullptr; })) {
    return fold(operation, inputs, operands);
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
