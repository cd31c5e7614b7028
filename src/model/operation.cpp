#include "xylem/model/operation.hpp"

#include <algorithm>
#include <array>

#include "xylem/support/error.hpp"

namespace xylem {
namespace {

using Op = Operation;
using Types = TypeRule;
using Missing = MissingRule;

// The one place that says what an operation is; its value is in operation_value.cpp.
// clang-format off
constexpr std::array kOperations{
    OperationInfo{Op::add,           "add",           "+",   2, Types::promoted,     Missing::propagates, false},
    OperationInfo{Op::subtract,      "subtract",      "-",   2, Types::boolless,     Missing::propagates, false},
    OperationInfo{Op::multiply,      "multiply",      "*",   2, Types::promoted,     Missing::propagates, false},
    OperationInfo{Op::divide,        "divide",        "/",   2, Types::division,     Missing::propagates, false},
    OperationInfo{Op::floor_divide,  "floor_divide",  "//",  2, Types::bool_to_int8, Missing::propagates, false},
    OperationInfo{Op::remainder,     "remainder",     "%",   2, Types::bool_to_int8, Missing::propagates, false},
    OperationInfo{Op::power,         "power",         "**",  2, Types::bool_to_int8, Missing::propagates, false},
    OperationInfo{Op::negative,      "negative",      "-",   1, Types::boolless,     Missing::propagates, false},
    OperationInfo{Op::positive,      "positive",      "+",   1, Types::boolless,     Missing::propagates, true},
    OperationInfo{Op::absolute,      "abs",           "",    1, Types::promoted,     Missing::propagates, false},
    OperationInfo{Op::sign,          "sign",          "",    1, Types::boolless,     Missing::propagates, false},
    OperationInfo{Op::less,          "less",          "<",   2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::less_equal,    "less_equal",    "<=",  2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::greater,       "greater",       ">",   2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::greater_equal, "greater_equal", ">=",  2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::equal,         "equal",         "==",  2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::not_equal,     "not_equal",     "!=",  2, Types::comparison,   Missing::compared,   false},
    OperationInfo{Op::bitwise_and,   "bitwise_and",   "&",   2, Types::bitwise,      Missing::observed,   false},
    OperationInfo{Op::bitwise_or,    "bitwise_or",    "|",   2, Types::bitwise,      Missing::observed,   false},
    OperationInfo{Op::bitwise_xor,   "bitwise_xor",   "",    2, Types::bitwise,      Missing::observed,   false},
    OperationInfo{Op::invert,        "invert",        "~",   1, Types::bitwise,      Missing::observed,   false},
    OperationInfo{Op::logical_and,   "logical_and",   "and", 2, Types::truth,        Missing::observed,   false},
    OperationInfo{Op::logical_or,    "logical_or",    "or",  2, Types::truth,        Missing::observed,   false},
    OperationInfo{Op::logical_xor,   "logical_xor",   "",    2, Types::truth,        Missing::observed,   false},
    OperationInfo{Op::logical_not,   "logical_not",   "!",   1, Types::truth,        Missing::observed,   false},
    OperationInfo{Op::sqrt,          "sqrt",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::cbrt,          "cbrt",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::exp,           "exp",           "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::exp2,          "exp2",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::expm1,         "expm1",         "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::log,           "log",           "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::log2,          "log2",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::log10,         "log10",         "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::log1p,         "log1p",         "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::sin,           "sin",           "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::cos,           "cos",           "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::tan,           "tan",           "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arcsin,        "arcsin",        "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arccos,        "arccos",        "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arctan,        "arctan",        "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::sinh,          "sinh",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::cosh,          "cosh",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::tanh,          "tanh",          "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arcsinh,       "arcsinh",       "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arccosh,       "arccosh",       "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arctanh,       "arctanh",       "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::arctan2,       "arctan2",       "",    2, Types::real,         Missing::propagates, false},
    OperationInfo{Op::hypot,         "hypot",         "",    2, Types::real,         Missing::propagates, false},
    OperationInfo{Op::degrees,       "degrees",       "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::radians,       "radians",       "",    1, Types::real,         Missing::propagates, false},
    OperationInfo{Op::floor,         "floor",         "",    1, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::ceil,          "ceil",          "",    1, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::trunc,         "trunc",         "",    1, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::round,         "round",         "",    1, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::minimum,       "minimum",       "",    2, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::maximum,       "maximum",       "",    2, Types::promoted,     Missing::propagates, true},
    OperationInfo{Op::fmin,          "fmin",          "",    2, Types::promoted,     Missing::skipped,    true},
    OperationInfo{Op::fmax,          "fmax",          "",    2, Types::promoted,     Missing::skipped,    true},
    OperationInfo{Op::isnan,         "isnan",         "",    1, Types::predicate,    Missing::observed,   false},
    OperationInfo{Op::isinf,         "isinf",         "",    1, Types::predicate,    Missing::observed,   false},
    OperationInfo{Op::isfinite,      "isfinite",      "",    1, Types::predicate,    Missing::observed,   false},
    OperationInfo{Op::isnull,        "isnull",        "",    1, Types::predicate,    Missing::observed,   false},
    OperationInfo{Op::notnull,       "notnull",       "",    1, Types::predicate,    Missing::observed,   false},
    OperationInfo{Op::fillna,        "fillna",        "",    2, Types::promoted,     Missing::filled,     true},
    OperationInfo{Op::where,         "where",         "",    3, Types::choice,       Missing::chosen,     true},
};
// clang-format on

// What an operation is called in a message: its operator, or its function.
std::string called(Operation operation) {
  const OperationInfo& info = operation_info(operation);
  return *info.symbol != '\0' ? fmt::format("'{}'", info.symbol) : fmt::format("{}()", info.name);
}

bool is_negative(const Number& value) {
  return std::visit([](auto v) { return v < decltype(v){0}; }, value);
}

// The common type of operands: the promoted type of those that are not weak, which weak ones follow unless it is of a lesser
// kind.
ElementType common_type(std::span<const Operand> operands) {
  std::optional<ElementType> strong;
  bool weak_float = false, weak_integer = false;
  for (const Operand& operand : operands) {
    if (!operand.weak) {
      strong = strong ? promote(*strong, operand.type) : operand.type;
    } else {
      (is_floating(operand.type) ? weak_float : weak_integer) = true;
    }
  }
  if (weak_float && !(strong && is_floating(*strong))) return ElementType::float64;
  if (weak_integer && !weak_float && (!strong || *strong == ElementType::boolean)) {
    const bool wide = std::ranges::any_of(operands, [](const Operand& o) { return o.weak && o.type == ElementType::uint64; });
    return wide ? ElementType::uint64 : ElementType::int64;
  }
  return *strong;
}

void expect_weak_integers_fit(Operation operation, std::span<const Operand> operands, ElementType type) {
  if (is_floating(type)) return;
  for (const Operand& operand : operands) {
    if (operand.weak && operand.value && !fits(*operand.value, type)) {
      throw UsageError("{} does not fit in {}, the type that {} computes in; convert the other side with astype first",
                       format_number(*operand.value), type_name(type), called(operation));
    }
  }
}

// An integer array to the power of negative integers has no integer result, and what an exponent array holds is not known here.
void expect_integer_power(std::span<const Operand> operands, ElementType type) {
  if (!is_signed_integer(type)) return;
  const Operand& exponent = operands[1];
  if (!is_signed_integer(exponent.type) || (exponent.value && !is_negative(*exponent.value))) return;
  throw UsageError("an integer to the power of {} is no integer; make one of them a float: 2.0, or astype(x, float64)",
                   exponent.value ? format_number(*exponent.value) : "integers that may be negative");
}

ElementType real_type(ElementType type) {
  if (is_floating(type)) return type;
  if (element_size(type) == 1) return ElementType::float16;
  return element_size(type) == 2 ? ElementType::float32 : ElementType::float64;
}

// Each integer becomes a float of its own accord: int8 and uint8 float16, though their promoted type is int16.
ElementType real_type(std::span<const Operand> operands) {
  if (std::ranges::any_of(operands, &Operand::weak)) return real_type(common_type(operands));
  ElementType type = real_type(operands[0].type);
  for (const Operand& operand : operands) type = promote(type, real_type(operand.type));
  return type;
}

OperationTypes same(std::size_t count, ElementType type) { return {std::vector<ElementType>(count, type), type}; }

// Integers of unlike signedness, and numbers beyond the other side's type, are compared as they are.
OperationTypes comparison_types(std::span<const Operand> operands) {
  const ElementType common = common_type(operands);
  const auto is_integral = [](const Operand& o) { return !is_floating(o.type); };
  OperationTypes types{std::vector<ElementType>(operands.size(), common), ElementType::boolean};
  const auto unfit = [&](const Operand& o) { return o.weak && o.value && !fits(*o.value, common); };
  if (std::ranges::all_of(operands, is_integral) && (is_floating(common) || std::ranges::any_of(operands, unfit))) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      types.inputs[i] = is_signed_integer(operands[i].type) ? ElementType::int64 : ElementType::uint64;
    }
  }
  return types;
}

OperationTypes choice_types(Operation operation, std::span<const Operand> operands) {
  if (operands[0].type != ElementType::boolean || operands[0].weak) {
    throw UsageError("the condition of {} is {}, not bool; compare it with something, as in x > 0", called(operation),
                     type_name(operands[0].type));
  }
  const ElementType type = common_type(operands.subspan(1));
  expect_weak_integers_fit(operation, operands.subspan(1), type);
  return {{ElementType::boolean, type, type}, type};
}

}  // namespace

std::span<const OperationInfo> operations() noexcept { return kOperations; }

const OperationInfo& operation_info(Operation operation) noexcept { return kOperations[static_cast<std::size_t>(operation)]; }

std::optional<Operation> find_operation(std::string_view name) noexcept {
  for (const OperationInfo& info : kOperations) {
    if (name == info.name) return info.operation;
  }
  return std::nullopt;
}

OperationTypes operation_types(Operation operation, std::span<const Operand> operands) {
  const TypeRule rule = operation_info(operation).types;
  if (rule == TypeRule::choice) return choice_types(operation, operands);
  if (rule == TypeRule::comparison) return comparison_types(operands);
  if (rule == TypeRule::truth || rule == TypeRule::predicate) {
    OperationTypes types{{}, ElementType::boolean};
    for (const Operand& operand : operands) types.inputs.push_back(operand.type);
    return types;
  }
  const ElementType type = common_type(operands);
  if (rule == TypeRule::bitwise && is_floating(type)) {
    throw UsageError("{} takes booleans and integers, not {}; put comparisons in parentheses, as in (x > 0) & (y > 0)",
                     called(operation), type_name(type));
  }
  if (rule == TypeRule::boolless && type == ElementType::boolean) {
    throw UsageError("{} does not take booleans; convert them with astype(x, int8), or use !, != or bitwise_xor",
                     called(operation));
  }
  if (rule == TypeRule::division && !is_floating(type)) return same(operands.size(), ElementType::float64);
  expect_weak_integers_fit(operation, operands, type);
  if (operation == Operation::power) expect_integer_power(operands, type);
  if (rule == TypeRule::bool_to_int8 && type == ElementType::boolean) return same(operands.size(), ElementType::int8);
  return same(operands.size(), rule == TypeRule::real ? real_type(operands) : type);
}

}  // namespace xylem
