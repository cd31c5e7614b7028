#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "xylem/model/cf.hpp"
#include "xylem/model/dtype.hpp"

namespace xylem {

/// The types that values are computed in: NumPy's booleans, integers and floats. Unlike DType it says nothing of storage.
///
/// One value of any of them is held as a Number: int64 for signed integers, uint64 for unsigned ones and booleans (0 or 1),
/// double for floats.
enum class ElementType : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  float32,
  float64
};

/// All of them, in the order above.
inline constexpr std::array<ElementType, 12> kElementTypes{ElementType::boolean, ElementType::int8,    ElementType::int16,
                                                           ElementType::int32,   ElementType::int64,   ElementType::uint8,
                                                           ElementType::uint16,  ElementType::uint32,  ElementType::uint64,
                                                           ElementType::float16, ElementType::float32, ElementType::float64};

/// NumPy's name: "bool", "int8", ..., "float64".
[[nodiscard]] const char* type_name(ElementType type) noexcept;
/// The type of this name; nothing where there is none.
[[nodiscard]] std::optional<ElementType> find_element_type(std::string_view name) noexcept;
/// The type of a stored element; nothing unless it is numeric.
[[nodiscard]] std::optional<ElementType> element_type(const DType& dtype) noexcept;

/// Bytes of one element.
[[nodiscard]] int element_size(ElementType type) noexcept;
[[nodiscard]] bool is_signed_integer(ElementType type) noexcept;    ///< int8 to int64
[[nodiscard]] bool is_unsigned_integer(ElementType type) noexcept;  ///< booleans are not
[[nodiscard]] bool is_integer(ElementType type) noexcept;           ///< booleans are not
[[nodiscard]] bool is_floating(ElementType type) noexcept;

/// The least type that both convert to safely, as numpy.promote_types (docs/expressions.md has the table).
[[nodiscard]] ElementType promote(ElementType a, ElementType b) noexcept;

/// True where an integer lies in the range of an integer type; for floats and booleans, where it is the same value there.
[[nodiscard]] bool fits(const Number& integer, ElementType type) noexcept;

/// A value as one of `type`, as numpy.ndarray.astype: integers wrap to narrower ones, floats are rounded (to nearest, ties to
/// even) to narrower ones and cut towards zero to integers; to booleans, all but zero is true. Throws DataError for a float that
/// the integer type cannot hold, NaN and infinities among them (where NumPy's result depends on the machine).
[[nodiscard]] Number convert(const Number& value, ElementType type);

/// "3", "2.5", "nan".
[[nodiscard]] std::string format_number(const Number& value);

}  // namespace xylem
