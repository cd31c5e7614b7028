#include "xylem/model/dtype.hpp"

#include <fmt/format.h>

namespace xylem {

bool DType::is_integral() const noexcept {
  return type_class == TypeClass::boolean || type_class == TypeClass::integer || type_class == TypeClass::uinteger;
}

bool DType::is_numeric() const noexcept { return is_integral() || type_class == TypeClass::floating; }

std::string DType::name() const {
  switch (type_class) {
    case TypeClass::boolean: return "bool";
    case TypeClass::integer: return fmt::format("int{}", 8 * size);
    case TypeClass::uinteger: return fmt::format("uint{}", 8 * size);
    case TypeClass::floating: return fmt::format("float{}", 8 * size);
    case TypeClass::string: return "string";
    case TypeClass::compound: return "compound";
    case TypeClass::reference: return "reference";
    case TypeClass::vlen: return "vlen";
    case TypeClass::array: return "array";
    case TypeClass::opaque: return "opaque";
    case TypeClass::unsupported: break;
  }
  return "unsupported";
}

}  // namespace xylem
