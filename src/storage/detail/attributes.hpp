#pragma once

#include <functional>
#include <string>

#include "xylem/model/attribute.hpp"
#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

using AttributeVisitor = std::function<void(const std::string& name, hid_t attribute)>;

/// The value of an open attribute; types that have no value in the model keep only their type and shape. `where` names it in
/// errors.
[[nodiscard]] AttributeValue read_attribute(hid_t attribute, const std::string& where);

/// All attributes of an object, without HDF5's and netCDF-4's own bookkeeping (dimension scales and _Netcdf4*), which
/// `visit_bookkeeping` is called for, if given. `where` names the object in errors.
[[nodiscard]] Attributes read_attributes(hid_t object, const std::string& where, const AttributeVisitor& visit_bookkeeping = {});

}  // namespace xylem::h5
