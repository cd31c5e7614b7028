#pragma once

#include "xylem/model/element_type.hpp"

#include "detail/multiversion.hpp"

/// From element types to the types of C++ that values are computed in: float16 as float.
namespace xylem::detail {

/// Calls f(T{}) for the type; T of booleans is std::uint8_t, with `false` and `true` as 0 and 1.
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
