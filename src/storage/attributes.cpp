#include "detail/attributes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/collected.hpp"
#include "detail/extents.hpp"
#include "detail/types.hpp"

namespace xylem::h5 {
namespace {

// An attribute is metadata: more than this is data in the wrong place, or a damaged file, and is left where it is.
constexpr std::int64_t max_attribute_bytes = std::int64_t{64} << 20;

// What HDF5's dimension scales and netCDF-4 keep for themselves (xarray hides the same).
constexpr std::array<std::string_view, 10> bookkeeping{
    "CLASS",         "NAME",          "DIMENSION_LIST",      "REFERENCE_LIST", "DIMENSION_LABELS",
    "_Netcdf4Dimid", "_NCProperties", "_Netcdf4Coordinates", "_nc3_strict",    "_NCCOPY"};

Shape read_shape(hid_t space, const std::string& where) {
  std::array<hsize_t, H5S_MAX_RANK> dims{};
  const int rank = check(H5Sget_simple_extent_dims(space, dims.data(), nullptr), "cannot read the shape of " + where);
  Shape shape;
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) shape.push_back(to_extent(dims[d], where));
  return shape;
}

std::string trimmed(const char* text, std::size_t size, H5T_str_t padding) {
  std::string result(text, padding == H5T_STR_SPACEPAD ? size : strnlen(text, size));
  if (padding == H5T_STR_SPACEPAD) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> read_strings(hid_t attribute, hid_t type, hid_t space, std::size_t count, const std::string& where) {
  std::vector<std::string> result(count);
  if (count == 0) return result;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> pointers(count, nullptr);
    check(H5Aread(attribute, type, pointers.data()), "cannot read " + where);
    for (std::size_t i = 0; i < count; ++i) {
      if (pointers[i] != nullptr) result[i] = pointers[i];
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return result;
  }
  const std::size_t size = H5Tget_size(type);
  std::vector<char> bytes(count * size);
  check(H5Aread(attribute, type, bytes.data()), "cannot read " + where);
  for (std::size_t i = 0; i < count; ++i) result[i] = trimmed(bytes.data() + i * size, size, H5Tget_strpad(type));
  return result;
}

template <class T>
std::vector<T> read_numbers(hid_t attribute, hid_t type, std::size_t count, const std::string& where) {
  std::vector<T> result(count);
  if (count == 0) return result;  // HDF5 takes no buffer without elements
  check(H5Aread(attribute, type, result.data()), "cannot read " + where);
  return result;
}

}  // namespace

AttributeValue read_attribute(hid_t attribute, const std::string& where) {
  AttributeValue value;
  const Datatype type(H5Aget_type(attribute));
  const Dataspace space(H5Aget_space(attribute));
  if (!type || !space) fail("cannot read the type of " + where);
  value.dtype = describe_type(type.get());
  value.null = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
  if (value.null) return value;
  value.shape = read_shape(space.get(), where);
  const auto count = num_elements(value.shape);
  if (!count || checked_product(*count, std::max(value.dtype.size, 1)).value_or(max_attribute_bytes + 1) > max_attribute_bytes)
    return value;
  const auto size = static_cast<std::size_t>(*count);
  switch (value.dtype.type_class) {
    case TypeClass::string: value.data = read_strings(attribute, type.get(), space.get(), size, where); break;
    case TypeClass::floating: value.data = read_numbers<double>(attribute, H5T_NATIVE_DOUBLE, size, where); break;
    case TypeClass::boolean:  // HDF5 converts enums to integers as it does their base, but no bit fields
    case TypeClass::integer: value.data = read_numbers<std::int64_t>(attribute, H5T_NATIVE_INT64, size, where); break;
    case TypeClass::uinteger: {
      const hid_t memory = H5Tget_class(type.get()) == H5T_BITFIELD ? H5T_NATIVE_B64 : H5T_NATIVE_UINT64;
      value.data = read_numbers<std::uint64_t>(attribute, memory, size, where);
      break;
    }
    default: break;
  }
  return value;
}

Attributes read_attributes(hid_t object, const std::string& where, const AttributeVisitor& visit_bookkeeping) {
  Collected<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    return static_cast<Collected<std::string>*>(out)->add([&] { return std::string(name); });
  };
  hsize_t index = 0;
  const herr_t listed = H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, collect, &names);
  Attributes result;
  for (const std::string& name : names.take(listed, "cannot list the attributes of " + where)) {
    const bool is_bookkeeping = std::find(bookkeeping.begin(), bookkeeping.end(), name) != bookkeeping.end();
    if (is_bookkeeping && !visit_bookkeeping) continue;
    const std::string which = "attribute '" + printable(name) + "' of " + where;
    const Attribute attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT));
    if (!attribute) fail("cannot open " + which);
    if (is_bookkeeping) {
      visit_bookkeeping(name, attribute.get());
    } else {
      result.emplace(name, read_attribute(attribute.get(), which));
    }
  }
  return result;
}

}  // namespace xylem::h5
