#pragma once

#include <tuple>
#include <type_traits>

#include "xylem/model/element_type.hpp"
#include "xylem/support/multiversion.hpp"

/// From element types to the types of C++ that values are computed in: float16 as float.
namespace xylem::detail {

/// The type in C++; booleans are std::uint8_t.
template <ElementType type>
using NativeOf =
    std::tuple_element_t<static_cast<std::size_t>(type),
                         std::tuple<std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                                    std::uint16_t, std::uint32_t, std::uint64_t, float, float, double>>;

/// Calls f with the type as a std::integral_constant.
template <class F>
XYLEM_INLINE auto with_type(ElementType type, F f) {
  using enum ElementType;
  switch (type) {
    case boolean: break;
    case int8: return f(std::integral_constant<ElementType, int8>{});
    case int16: return f(std::integral_constant<ElementType, int16>{});
    case int32: return f(std::integral_constant<ElementType, int32>{});
    case int64: return f(std::integral_constant<ElementType, int64>{});
    case uint8: return f(std::integral_constant<ElementType, uint8>{});
    case uint16: return f(std::integral_constant<ElementType, uint16>{});
    case uint32: return f(std::integral_constant<ElementType, uint32>{});
    case uint64: return f(std::integral_constant<ElementType, uint64>{});
    case float16: return f(std::integral_constant<ElementType, float16>{});
    case float32: return f(std::integral_constant<ElementType, float32>{});
    case float64: return f(std::integral_constant<ElementType, float64>{});
  }
  return f(std::integral_constant<ElementType, boolean>{});
}

/// Calls f(T{}) for the native type T, `false` and `true` being 0 and 1.
template <class F>
XYLEM_INLINE auto with_native(ElementType type, F f) {
  switch (type) {
    case ElementType::int8: return f(std::int8_t{});
    case ElementType::int16: return f(std::int16_t{});
    case ElementType::int32: return f(std::int32_t{});
    case ElementType::int64: return f(std::int64_t{});
    case ElementType::uint16: return f(std::uint16_t{});
    case ElementType::uint32: return f(std::uint32_t{});
    case ElementType::uint64: return f(std::uint64_t{});
    case ElementType::float16:
    case ElementType::float32: return f(float{});
    case ElementType::float64: return f(double{});
    case ElementType::boolean:
    case ElementType::uint8: break;
  }
  return f(std::uint8_t{});
}

/// Bytes of an element in a tile.
inline int native_size(ElementType type) {
  return with_native(type, [](auto zero) { return static_cast<int>(sizeof zero); });
}

}  // namespace xylem::detail
