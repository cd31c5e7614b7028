#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "xylem/model/element_type.hpp"

namespace xylem {

/// Element-wise operations, in NumPy's words.
enum class Operation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  power,
  negative,
  positive,
  absolute,
  sign,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  invert,
  logical_and,
  logical_or,
  logical_xor,
  logical_not,
  sqrt,
  cbrt,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  arcsin,
  arccos,
  arctan,
  sinh,
  cosh,
  tanh,
  arcsinh,
  arccosh,
  arctanh,
  arctan2,
  hypot,
  degrees,
  radians,
  floor,
  ceil,
  trunc,
  round,
  minimum,
  maximum,
  fmin,
  fmax,
  isnan,
  isinf,
  isfinite,
  isnull,
  notnull,
  fillna,
  where,
  custom,  ///< a function of a program's own (CustomFunction); it has no row in the table
};

/// Which types an operation takes, computes in and gives.
enum class TypeRule : std::uint8_t {
  promoted,      ///< the promoted type
  boolless,      ///< the promoted type; booleans alone are an error
  bool_to_int8,  ///< the promoted type; booleans alone give int8
  division,      ///< the promoted type, of integers float64
  real,     ///< the promoted type, after booleans and integers of 8 bits become float16, of 16 bits float32, wider ones float64
  bitwise,  ///< the promoted type; floats are an error
  comparison,  ///< compared in the promoted type, integers exactly as they are; bool
  truth,       ///< each input's truth value (NaN is true); bool
  predicate,   ///< bool
  choice,      ///< the first input is bool, the result the promoted type of the others
};

/// What becomes of missing values, which are NaN.
enum class MissingRule : std::uint8_t {
  propagates,  ///< missing where any input is
  compared,    ///< NaN equals nothing and is ordered before nothing
  observed,    ///< a truth value either way
  skipped,     ///< missing only where all inputs are
  filled,      ///< missing where the replacement is
  chosen,      ///< missing where the chosen input is
};

/// One row of the table of element-wise operations.
struct OperationInfo {
  Operation operation;
  const char* name;    ///< of the function
  const char* symbol;  ///< of the operator, "" where there is none
  int arity;           ///< inputs that it takes
  TypeRule types;
  MissingRule missing;
  bool keeps_attributes;  ///< the values stay the same quantity
};

/// All operations but `custom`, in the order of the enumeration.
[[nodiscard]] std::span<const OperationInfo> operations() noexcept;
/// The row of an operation, which is not `custom`.
[[nodiscard]] const OperationInfo& operation_info(Operation operation) noexcept;
/// By the name of the function.
[[nodiscard]] std::optional<Operation> find_operation(std::string_view name) noexcept;

/// What the type rules look at of one input.
struct Operand {
  ElementType type;
  bool weak = false;              ///< a number as it is written: int64 or uint64 and float64 that give way to other types
  std::optional<Number> value{};  ///< of a constant
};

/// The types of one application: inputs are converted to `inputs`, and the result comes out as `result`.
struct OperationTypes {
  std::vector<ElementType> inputs;
  ElementType result;
};

/// NumPy 2's rules (NEP 50, https://numpy.org/neps/nep-0050-scalar-promotion.html). Throws UsageError for types that the
/// operation does not take, for a weak integer that the other inputs' type cannot hold, and for an integer to the power of
/// negative integers.
[[nodiscard]] OperationTypes operation_types(Operation operation, std::span<const Operand> operands);

/// The meaning of an operation: one element, its inputs already converted to the types of `types`. Integers wrap, and `//` and
/// `%` by integer zero give 0, as in NumPy. IEEE arithmetic in the type of the result; functions other than
/// + - * / sqrt, comparisons and rounding are those of the C library's double, rounded to the type; x ** 2 is x * x.
[[nodiscard]] Number evaluate(Operation operation, const OperationTypes& types, std::span<const Number> inputs);

/// The same for operations whose inputs and result are of one type and not booleans, in the widest type of their kind: before
/// the result becomes one of the narrower type. With one input, b is not looked at.
[[nodiscard]] double evaluate_wide(Operation operation, double a, double b);
/// Of signed integers; it wraps.
[[nodiscard]] std::int64_t evaluate_wide(Operation operation, std::int64_t a, std::int64_t b);
/// Of unsigned integers; it wraps.
[[nodiscard]] std::uint64_t evaluate_wide(Operation operation, std::uint64_t a, std::uint64_t b);

/// The exact integer that + - * // % ** and the unary - and + give of integers: int64, or uint64 beyond that. Nothing where it
/// fits in neither, where there is none (division by zero, a negative exponent) or for other operations.
[[nodiscard]] std::optional<Number> evaluate_exactly(Operation operation, std::span<const Number> inputs);

}  // namespace xylem
