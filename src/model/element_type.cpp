#include "xylem/model/element_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "xylem/support/error.hpp"
#include "xylem/support/json.hpp"

namespace xylem {
namespace {

enum class Kind : std::uint8_t { boolean, integer, uinteger, floating };

struct Traits {
  const char* name;
  Kind kind;
  int size;
};

constexpr std::array<Traits, 12> kTraits{{{"bool", Kind::boolean, 1},
                                          {"int8", Kind::integer, 1},
                                          {"int16", Kind::integer, 2},
                                          {"int32", Kind::integer, 4},
                                          {"int64", Kind::integer, 8},
                                          {"uint8", Kind::uinteger, 1},
                                          {"uint16", Kind::uinteger, 2},
                                          {"uint32", Kind::uinteger, 4},
                                          {"uint64", Kind::uinteger, 8},
                                          {"float16", Kind::floating, 2},
                                          {"float32", Kind::floating, 4},
                                          {"float64", Kind::floating, 8}}};

const Traits& traits(ElementType type) noexcept { return kTraits[static_cast<std::size_t>(type)]; }

ElementType make(Kind kind, int size) noexcept {
  const auto found = std::ranges::find_if(kTraits, [&](const Traits& t) { return t.kind == kind && t.size == size; });
  return static_cast<ElementType>(found - kTraits.begin());
}

// The bytes of the least float that holds an integer type as NumPy sees it.
int float_size_for(ElementType integer) noexcept { return std::min(8, 2 * traits(integer).size); }

// Rounds to the nearest float16 (11 significant bits, least exponent -24, largest 65504).
double round_to_half(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int unit = std::max(std::ilogb(value) - 10, -24);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::fabs(rounded) > 65504 ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

double to_floating(const Number& value, int size) {
  return std::visit(
      [&](auto v) {
        if (size == 4) return static_cast<double>(static_cast<float>(v));
        return size == 2 ? round_to_half(static_cast<double>(v)) : static_cast<double>(v);
      },
      value);
}

// The lowest bits of a 64-bit pattern as an integer type.
Number wrap(std::uint64_t bits, const Traits& type) {
  const int shift = 64 - 8 * type.size;
  if (type.kind == Kind::integer) return static_cast<std::int64_t>(bits << shift) >> shift;
  return (bits << shift) >> shift;
}

Number to_integer(double value, const Traits& type) {
  const double cut = std::trunc(value);
  const bool is_signed = type.kind == Kind::integer;
  const double limit = std::ldexp(1.0, 8 * type.size - (is_signed ? 1 : 0));  // the first value beyond
  if (!(cut < limit && cut >= (is_signed ? -limit : 0.0))) {
    throw DataError("{} cannot become {} (its range does not hold it); use fillna, where or clip first", format_double(value),
                    type.name);
  }
  if (is_signed) return static_cast<std::int64_t>(cut);
  return static_cast<std::uint64_t>(cut);
}

}  // namespace

const char* type_name(ElementType type) noexcept { return traits(type).name; }
int element_size(ElementType type) noexcept { return traits(type).size; }
bool is_signed_integer(ElementType type) noexcept { return traits(type).kind == Kind::integer; }
bool is_unsigned_integer(ElementType type) noexcept { return traits(type).kind == Kind::uinteger; }
bool is_integer(ElementType type) noexcept { return is_signed_integer(type) || is_unsigned_integer(type); }
bool is_floating(ElementType type) noexcept { return traits(type).kind == Kind::floating; }

std::optional<ElementType> find_element_type(std::string_view name) noexcept {
  for (const ElementType type : kElementTypes) {
    if (name == type_name(type)) return type;
  }
  return std::nullopt;
}

std::optional<ElementType> element_type(const DType& dtype) noexcept {
  if (!dtype.is_numeric()) return std::nullopt;
  switch (dtype.type_class) {
    case TypeClass::boolean: return ElementType::boolean;
    case TypeClass::integer: return make(Kind::integer, dtype.size);
    case TypeClass::uinteger: return make(Kind::uinteger, dtype.size);
    default: return make(Kind::floating, dtype.size);
  }
}

ElementType promote(ElementType a, ElementType b) noexcept {
  if (a == b || b == ElementType::boolean) return a;
  if (a == ElementType::boolean) return b;
  const Traits &left = traits(a), &right = traits(b);
  if (left.kind == right.kind) return left.size > right.size ? a : b;
  if (is_floating(a)) return make(Kind::floating, std::max(left.size, float_size_for(b)));
  if (is_floating(b)) return promote(b, a);
  const Traits& with_sign = left.kind == Kind::integer ? left : right;
  const Traits& without = left.kind == Kind::integer ? right : left;
  const int size = std::max(with_sign.size, 2 * without.size);
  return size <= 8 ? make(Kind::integer, size) : ElementType::float64;
}

bool fits(const Number& integer, ElementType type) noexcept {
  const Traits& to = traits(type);
  return std::visit(
      [&](auto value) {
        if constexpr (std::is_same_v<decltype(value), double>) {
          return false;
        } else {
          const bool negative = value < decltype(value){0};
          const auto magnitude = static_cast<std::uint64_t>(negative ? ~value : value);
          if (to.kind == Kind::boolean) return !negative && magnitude <= 1;
          if (to.kind == Kind::floating) {
            const double there = to_floating(value, to.size);
            return std::fabs(there) < 0x1p63 && static_cast<decltype(value)>(there) == value;
          }
          if (to.kind == Kind::uinteger) return !negative && magnitude <= ~std::uint64_t{0} >> (64 - 8 * to.size);
          return magnitude <= ~std::uint64_t{0} >> (65 - 8 * to.size);
        }
      },
      integer);
}

Number convert(const Number& value, ElementType type) {
  const Traits& to = traits(type);
  if (to.kind == Kind::floating) return to_floating(value, to.size);
  return std::visit(
      [&](auto v) -> Number {
        if (to.kind == Kind::boolean) return std::uint64_t{v != decltype(v){0} ? 1U : 0U};
        if constexpr (std::is_same_v<decltype(v), double>) {
          return to_integer(v, to);
        } else {
          return wrap(static_cast<std::uint64_t>(v), to);
        }
      },
      value);
}

std::string format_number(const Number& value) {
  return std::visit(
      [](auto v) {
        if constexpr (std::is_same_v<decltype(v), double>) {
          return format_double(v);
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

}  // namespace xylem
