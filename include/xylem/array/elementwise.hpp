#pragma once

#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/model/operation.hpp"

namespace xylem {

/// Applies an element-wise operation to as many inputs as it takes (operation_info). Dims are matched by name and come in the
/// order in which the inputs first show them; sizes must agree, and the coords that label dims must be equal. Throws UsageError
/// otherwise, with the first place where they differ. Numbers alone give a number.
[[nodiscard]] Array elementwise(Operation operation, const std::vector<Array>& inputs);

[[nodiscard]] inline Array operator+(const Array& a, const Array& b) { return elementwise(Operation::add, {a, b}); }
[[nodiscard]] inline Array operator-(const Array& a, const Array& b) { return elementwise(Operation::subtract, {a, b}); }
[[nodiscard]] inline Array operator*(const Array& a, const Array& b) { return elementwise(Operation::multiply, {a, b}); }
[[nodiscard]] inline Array operator/(const Array& a, const Array& b) { return elementwise(Operation::divide, {a, b}); }
/// Python's and NumPy's remainder: it has the sign of b.
[[nodiscard]] inline Array operator%(const Array& a, const Array& b) { return elementwise(Operation::remainder, {a, b}); }
[[nodiscard]] inline Array operator+(const Array& a) { return elementwise(Operation::positive, {a}); }
[[nodiscard]] inline Array operator-(const Array& a) { return elementwise(Operation::negative, {a}); }
[[nodiscard]] inline Array operator<(const Array& a, const Array& b) { return elementwise(Operation::less, {a, b}); }
[[nodiscard]] inline Array operator<=(const Array& a, const Array& b) { return elementwise(Operation::less_equal, {a, b}); }
[[nodiscard]] inline Array operator>(const Array& a, const Array& b) { return elementwise(Operation::greater, {a, b}); }
[[nodiscard]] inline Array operator>=(const Array& a, const Array& b) { return elementwise(Operation::greater_equal, {a, b}); }
[[nodiscard]] inline Array operator==(const Array& a, const Array& b) { return elementwise(Operation::equal, {a, b}); }
[[nodiscard]] inline Array operator!=(const Array& a, const Array& b) { return elementwise(Operation::not_equal, {a, b}); }
/// Of booleans "and" and "or", of integers their bits.
[[nodiscard]] inline Array operator&(const Array& a, const Array& b) { return elementwise(Operation::bitwise_and, {a, b}); }
[[nodiscard]] inline Array operator|(const Array& a, const Array& b) { return elementwise(Operation::bitwise_or, {a, b}); }
[[nodiscard]] inline Array operator!(const Array& a) { return elementwise(Operation::logical_not, {a}); }

/// Python's a // b, the quotient rounded down; of integers an integer, 0 where b is 0.
[[nodiscard]] inline Array floor_divide(const Array& a, const Array& b) { return elementwise(Operation::floor_divide, {a, b}); }
/// a ** b. Integers stay integers, and wrap. Throws UsageError where they have a negative exponent, or one that may be: an array
/// of signed integers.
[[nodiscard]] inline Array pow(const Array& a, const Array& b) { return elementwise(Operation::power, {a, b}); }
/// Of the least integer of a type that integer itself, as in NumPy.
[[nodiscard]] inline Array abs(const Array& a) { return elementwise(Operation::absolute, {a}); }
/// NaN below 0. This and the functions to radians() give float16 of booleans and integers of 8 bits, float32 of 16 bits, float64
/// of wider ones.
[[nodiscard]] inline Array sqrt(const Array& a) { return elementwise(Operation::sqrt, {a}); }
/// e ** a.
[[nodiscard]] inline Array exp(const Array& a) { return elementwise(Operation::exp, {a}); }
/// To the base e: -inf of 0, NaN below.
[[nodiscard]] inline Array log(const Array& a) { return elementwise(Operation::log, {a}); }
/// Of an angle in radians.
[[nodiscard]] inline Array sin(const Array& a) { return elementwise(Operation::sin, {a}); }
/// Of an angle in radians.
[[nodiscard]] inline Array cos(const Array& a) { return elementwise(Operation::cos, {a}); }
/// Of an angle in radians.
[[nodiscard]] inline Array tan(const Array& a) { return elementwise(Operation::tan, {a}); }
/// Of an angle in degrees.
[[nodiscard]] inline Array radians(const Array& a) { return elementwise(Operation::radians, {a}); }
/// The lesser one, place by place; missing where either is. Array::min() reduces one array.
[[nodiscard]] inline Array minimum(const Array& a, const Array& b) { return elementwise(Operation::minimum, {a, b}); }
/// The greater one, likewise.
[[nodiscard]] inline Array maximum(const Array& a, const Array& b) { return elementwise(Operation::maximum, {a, b}); }
/// True where it is missing (NaN); of integers and booleans false.
[[nodiscard]] inline Array isnull(const Array& a) { return elementwise(Operation::isnull, {a}); }
/// The contrary of isnull().
[[nodiscard]] inline Array notnull(const Array& a) { return elementwise(Operation::notnull, {a}); }
/// a, or `value` where a is missing.
[[nodiscard]] inline Array fillna(const Array& a, const Array& value) { return elementwise(Operation::fillna, {a, value}); }

/// x where the (bool) condition holds, `other` elsewhere.
[[nodiscard]] Array where(const Array& condition, const Array& x, const Array& other);
/// The same with missing values elsewhere, for which integers become float32 (of up to 16 bits) or float64. Throws UsageError for
/// booleans, which have none.
[[nodiscard]] Array where(const Array& condition, const Array& x);
/// minimum(maximum(x, low), high).
[[nodiscard]] Array clip(const Array& x, const Array& low, const Array& high);
/// True where x equals one of `values`, of which there is at least one.
[[nodiscard]] Array isin(const Array& x, const std::vector<Array>& values);

}  // namespace xylem
