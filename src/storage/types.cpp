#include "detail/types.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <memory>

#include "xylem/support/text.hpp"

namespace xylem::h5 {
namespace {

constexpr unsigned max_listed_members = 16;

std::string member_name(hid_t type, unsigned index) {
  const std::unique_ptr<char, herr_t (*)(void*)> name(H5Tget_member_name(type, index), H5free_memory);
  return name ? printable(name.get()) : std::string();
}

bool is_integer_width(std::size_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

bool is_half(hid_t type) {
  std::size_t sign = 0, exponent = 0, exponent_size = 0, mantissa = 0, mantissa_size = 0;
  return H5Tget_size(type) == 2 && H5Tget_fields(type, &sign, &exponent, &exponent_size, &mantissa, &mantissa_size) >= 0 &&
         sign == 15 && exponent == 10 && exponent_size == 5 && mantissa == 0 && mantissa_size == 10 && H5Tget_ebias(type) == 15;
}

DType describe_integer(hid_t type) {
  DType result;
  const std::size_t size = H5Tget_size(type);
  result.size = static_cast<std::int32_t>(size);
  if (!is_integer_width(size)) {
    result.detail = fmt::format("integer of {} bytes", size);
    return result;
  }
  const bool is_signed = H5Tget_class(type) == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
  result.type_class = is_signed ? TypeClass::integer : TypeClass::uinteger;
  result.standard = H5Tget_precision(type) == 8 * size && H5Tget_offset(type) == 0;
  result.big_endian = result.standard && size > 1 && H5Tget_order(type) == H5T_ORDER_BE;
  if (!result.standard) result.detail = fmt::format("{} of {} bits used", H5Tget_precision(type), 8 * size);
  return result;
}

DType describe_float(hid_t type) {
  DType result;
  const std::size_t size = H5Tget_size(type);
  result.size = static_cast<std::int32_t>(size);
  const H5T_order_t order = H5Tget_order(type);
  result.big_endian = order == H5T_ORDER_BE;
  const bool ieee = (order == H5T_ORDER_LE || order == H5T_ORDER_BE) &&
                    (is_half(type) || H5Tequal(type, result.big_endian ? H5T_IEEE_F32BE : H5T_IEEE_F32LE) > 0 ||
                     H5Tequal(type, result.big_endian ? H5T_IEEE_F64BE : H5T_IEEE_F64LE) > 0);
  if (ieee) {
    result.type_class = TypeClass::floating;
  } else if (size == 4 || size == 8) {  // n-bit floats and the like: HDF5 converts them
    result.type_class = TypeClass::floating;
    result.standard = false;
    result.big_endian = false;
    result.detail = fmt::format("{} of {} bits used", H5Tget_precision(type), 8 * size);
  } else {
    result.detail = fmt::format("float of {} bytes", size);
  }
  return result;
}

std::string enum_members(hid_t type) {
  std::string text;
  const int count = H5Tget_nmembers(type);
  for (int i = 0; i < count && i < static_cast<int>(max_listed_members); ++i) {
    text += (i == 0 ? "" : ", ") + member_name(type, static_cast<unsigned>(i));
  }
  return count > static_cast<int>(max_listed_members) ? text + ", ..." : text;
}

// h5py writes NumPy's bool as this enum.
bool is_boolean(hid_t type, const DType& base) {
  if (base.size != 1 || H5Tget_nmembers(type) != 2) return false;
  signed char value[2] = {-1, -1};
  for (unsigned i = 0; i < 2; ++i) {
    const std::string name = member_name(type, i);
    signed char stored = -1;
    if (H5Tget_member_value(type, i, &stored) < 0) return false;
    if (name == "FALSE") value[0] = stored;
    if (name == "TRUE") value[1] = stored;
  }
  return value[0] == 0 && value[1] == 1;
}

DType describe_enum(hid_t type) {
  const Datatype base(H5Tget_super(type));
  DType result = describe_integer(base.get());
  if (is_boolean(type, result)) {
    result.type_class = TypeClass::boolean;
  } else {
    result.detail = fmt::format("enum {{{}}}", enum_members(type));
  }
  result.enumeration = true;
  return result;
}

std::string compound_members(hid_t type) {
  std::string text;
  const int count = H5Tget_nmembers(type);
  for (int i = 0; i < count && i < static_cast<int>(max_listed_members); ++i) {
    const auto index = static_cast<unsigned>(i);
    const Datatype member(H5Tget_member_type(type, index));
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", member_name(type, index), describe_type(member.get()).name());
  }
  return count > static_cast<int>(max_listed_members) ? text + ", ..." : text;
}

}  // namespace

DType describe_type(hid_t type) {
  DType result;
  const std::size_t size = H5Tget_size(type);
  if (size > static_cast<std::size_t>(std::numeric_limits<decltype(result.size)>::max())) {
    result.detail = fmt::format("elements of {} bytes", size);
    return result;
  }
  result.size = static_cast<std::int32_t>(size);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_BITFIELD: return describe_integer(type);
    case H5T_FLOAT: return describe_float(type);
    case H5T_ENUM: return describe_enum(type);
    case H5T_STRING: {
      result.type_class = TypeClass::string;
      const std::string length = H5Tis_variable_str(type) > 0 ? "variable length" : fmt::format("{} bytes", result.size);
      result.detail = fmt::format("{}, {}", length, H5Tget_cset(type) == H5T_CSET_UTF8 ? "UTF-8" : "ASCII");
      return result;
    }
    case H5T_COMPOUND:
      result.type_class = TypeClass::compound;
      result.detail = fmt::format("{{{}}}", compound_members(type));
      return result;
    case H5T_VLEN:
    case H5T_ARRAY: {
      result.type_class = H5Tget_class(type) == H5T_VLEN ? TypeClass::vlen : TypeClass::array;
      const Datatype base(H5Tget_super(type));
      result.detail = fmt::format("of {}", describe_type(base.get()).name());
      return result;
    }
    case H5T_REFERENCE: result.type_class = TypeClass::reference; return result;
    case H5T_OPAQUE: result.type_class = TypeClass::opaque; return result;
    default: result.detail = "a datatype class that xylem does not know"; return result;
  }
}

Datatype memory_type(hid_t stored, const DType& dtype) {
  if (dtype.standard) return Datatype(H5Tcopy(stored));
  if (dtype.type_class == TypeClass::floating) return Datatype(H5Tcopy(dtype.size == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE));
  if (H5Tget_class(stored) == H5T_BITFIELD) {  // which HDF5 converts to bit fields alone
    switch (dtype.size) {
      case 1: return Datatype(H5Tcopy(H5T_NATIVE_B8));
      case 2: return Datatype(H5Tcopy(H5T_NATIVE_B16));
      case 4: return Datatype(H5Tcopy(H5T_NATIVE_B32));
      default: return Datatype(H5Tcopy(H5T_NATIVE_B64));
    }
  }
  const bool is_signed = dtype.type_class != TypeClass::uinteger;
  switch (dtype.size) {
    case 1: return Datatype(H5Tcopy(is_signed ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8));
    case 2: return Datatype(H5Tcopy(is_signed ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16));
    case 4: return Datatype(H5Tcopy(is_signed ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32));
    default: return Datatype(H5Tcopy(is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64));
  }
}

}  // namespace xylem::h5
