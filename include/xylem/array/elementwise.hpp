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

[[nodiscard]] inline Array floor_divide(const Array& a, const Array& b) { return elementwise(Operation::floor_divide, {a, b}); }
[[nodiscard]] inline Array pow(const Array& a, const Array& b) { return elementwise(Operation::power, {a, b}); }
[[nodiscard]] inline Array abs(const Array& a) { return elementwise(Operation::absolute, {a}); }
[[nodiscard]] inline Array sqrt(const Array& a) { return elementwise(Operation::sqrt, {a}); }
[[nodiscard]] inline Array exp(const Array& a) { return elementwise(Operation::exp, {a}); }
[[nodiscard]] inline Array log(const Array& a) { return elementwise(Operation::log, {a}); }
[[nodiscard]] inline Array sin(const Array& a) { return elementwise(Operation::sin, {a}); }
[[nodiscard]] inline Array cos(const Array& a) { return elementwise(Operation::cos, {a}); }
[[nodiscard]] inline Array tan(const Array& a) { return elementwise(Operation::tan, {a}); }
[[nodiscard]] inline Array radians(const Array& a) { return elementwise(Operation::radians, {a}); }
[[nodiscard]] inline Array minimum(const Array& a, const Array& b) { return elementwise(Operation::minimum, {a, b}); }
[[nodiscard]] inline Array maximum(const Array& a, const Array& b) { return elementwise(Operation::maximum, {a, b}); }
[[nodiscard]] inline Array isnull(const Array& a) { return elementwise(Operation::isnull, {a}); }
[[nodiscard]] inline Array notnull(const Array& a) { return elementwise(Operation::notnull, {a}); }
[[nodiscard]] inline Array fillna(const Array& a, const Array& value) { return elementwise(Operation::fillna, {a, value}); }

/// x where the (bool) condition holds, `other` elsewhere; without `other` missing values, for which integers become float32 (of
/// up to 16 bits) or float64. Booleans need an `other`.
[[nodiscard]] Array where(const Array& condition, const Array& x, const Array& other);
[[nodiscard]] Array where(const Array& condition, const Array& x);
/// minimum(maximum(x, low), high).
[[nodiscard]] Array clip(const Array& x, const Array& low, const Array& high);
/// True where x equals one of `values`.
[[nodiscard]] Array isin(const Array& x, const std::vector<Array>& values);

}  // namespace xylem
