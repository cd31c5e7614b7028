#include "detail/dataset_info.hpp"

#include <algorithm>
#include <array>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/attributes.hpp"
#include "detail/extents.hpp"
#include "detail/types.hpp"

namespace xylem::h5 {
namespace {

void read_space(hid_t dataset, DatasetInfo& info) {
  const Dataspace space(H5Dget_space(dataset));
  if (!space) fail("cannot read the dataspace of " + info.ref.describe());
  info.null = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
  if (info.null) return;
  std::array<hsize_t, H5S_MAX_RANK> dims{}, max_dims{};
  const int rank = check(H5Sget_simple_extent_dims(space.get(), dims.data(), max_dims.data()),
                         "cannot read the shape of " + info.ref.describe());
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
    info.shape.push_back(to_extent(dims[d], info.ref.describe()));
    info.max_shape.push_back(max_dims[d] == H5S_UNLIMITED ? -1 : to_extent(max_dims[d], info.ref.describe()));
  }
}

void read_filters(hid_t properties, DatasetInfo& info) {
  const int count = check(H5Pget_nfilters(properties), "cannot read the filters of " + info.ref.describe());
  for (int i = 0; i < count; ++i) {
    FilterInfo filter;
    unsigned config = 0;
    std::size_t parameters = 64;
    filter.parameters.resize(parameters);
    std::array<char, 256> name{};
    filter.id = check(H5Pget_filter2(properties, static_cast<unsigned>(i), &filter.flags, &parameters, filter.parameters.data(),
                                     name.size(), name.data(), &config),
                      "cannot read the filters of " + info.ref.describe());
    filter.parameters.resize(std::min<std::size_t>(parameters, 64));
    filter.name = printable(std::string(name.data(), strnlen(name.data(), name.size())));
    info.filters.push_back(std::move(filter));
  }
}

void read_fill(hid_t properties, hid_t stored_type, DatasetInfo& info) {
  H5D_fill_value_t status = H5D_FILL_VALUE_DEFAULT;
  check(H5Pfill_value_defined(properties, &status), "cannot read the fill value of " + info.ref.describe());
  H5D_fill_time_t time = H5D_FILL_TIME_IFSET;
  check(H5Pget_fill_time(properties, &time), "cannot read the fill time of " + info.ref.describe());
  info.fill_defined = status != H5D_FILL_VALUE_UNDEFINED && time != H5D_FILL_TIME_NEVER;
  if (status != H5D_FILL_VALUE_USER_DEFINED || !info.dtype.is_numeric()) return;
  info.fill.resize(static_cast<std::size_t>(info.dtype.size));
  const Datatype type = memory_type(stored_type, info.dtype);
  check(H5Pget_fill_value(properties, type.get(), info.fill.data()), "cannot read the fill value of " + info.ref.describe());
}

void read_layout(hid_t dataset, hid_t stored_type, DatasetInfo& info) {
  const PropertyList properties(H5Dget_create_plist(dataset));
  if (!properties) fail("cannot read the properties of " + info.ref.describe());
  switch (H5Pget_layout(properties.get())) {
    case H5D_COMPACT: info.layout = Layout::compact; break;
    case H5D_CHUNKED: info.layout = Layout::chunked; break;
    case H5D_VIRTUAL: info.layout = Layout::virtual_dataset; break;
    default: info.layout = H5Pget_external_count(properties.get()) > 0 ? Layout::external : Layout::contiguous; break;
  }
  if (info.layout == Layout::chunked) {
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    const int rank = check(H5Pget_chunk(properties.get(), H5S_MAX_RANK, chunk.data()),
                           "cannot read the chunk shape of " + info.ref.describe());
    info.chunk.assign(chunk.begin(), chunk.begin() + rank);
    if (info.chunk.size() != info.shape.size() || std::find(info.chunk.begin(), info.chunk.end(), 0) != info.chunk.end()) {
      throw DataError("{} has shape {} but chunk shape {}: the file is damaged", info.ref.describe(), format_shape(info.shape),
                      format_shape(info.chunk));
    }
    unsigned options = 0;
    check(H5Pget_chunk_opts(properties.get(), &options), "cannot read the chunk options of " + info.ref.describe());
    info.raw_edge_chunks = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
    read_filters(properties.get(), info);
  }
  read_fill(properties.get(), stored_type, info);
}

ObjectId dereference(hid_t dataset, hobj_ref_t reference) {
  ObjectId id;
  H5O_type_t type = H5O_TYPE_UNKNOWN;
  const Object object(H5Rdereference2(dataset, H5P_DEFAULT, H5R_OBJECT, &reference));
  if (object && object_id(object.get(), id, type)) return id;
  return {};
}

// DIMENSION_LIST: one variable-length list of object references a dimension.
std::vector<std::vector<ObjectId>> read_dimension_list(hid_t dataset, hid_t attribute, const DatasetInfo& info) {
  const Datatype type(H5Aget_type(attribute));
  const Dataspace space(H5Aget_space(attribute));
  const Datatype base(H5Tget_class(type.get()) == H5T_VLEN ? H5Tget_super(type.get()) : H5I_INVALID_HID);
  const hssize_t length = H5Sget_simple_extent_npoints(space.get());
  if (!base || H5Tequal(base.get(), H5T_STD_REF_OBJ) <= 0 || length != static_cast<hssize_t>(info.shape.size())) return {};
  std::vector<hvl_t> lists(info.shape.size());
  check(H5Aread(attribute, type.get(), lists.data()), "cannot read the dimension scales of " + info.ref.describe());
  std::vector<std::vector<ObjectId>> result(lists.size());
  for (std::size_t d = 0; d < lists.size(); ++d) {
    const auto* references = static_cast<const hobj_ref_t*>(lists[d].p);
    for (std::size_t i = 0; i < lists[d].len; ++i) result[d].push_back(dereference(dataset, references[i]));
  }
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, lists.data());
  return result;
}

// One of the attributes in which HDF5's dimension scales and netCDF-4 keep what they know of a dataset.
void read_bookkeeping(hid_t dataset, const std::string& name, hid_t attribute, ScannedDataset& scanned) {
  DatasetInfo& info = scanned.info;
  const std::string where = info.ref.describe();
  if (name == "CLASS") {
    info.is_scale = read_attribute(attribute, where).as_string() == "DIMENSION_SCALE";
  } else if (name == "DIMENSION_LABELS") {
    info.dim_labels = read_attribute(attribute, where).as_strings().value_or(std::vector<std::string>{});
  } else if (name == "NAME") {
    info.scale_name = read_attribute(attribute, where).as_string().value_or(std::string{});
  } else if (name == "_Netcdf4Dimid") {
    const auto number = read_attribute(attribute, where).as_integers();
    if (number && number->size() == 1) info.netcdf_dim = number->front();
  } else if (name == "_Netcdf4Coordinates") {
    info.netcdf_dims = read_attribute(attribute, where).as_integers().value_or(std::vector<std::int64_t>{});
  } else if (name == "DIMENSION_LIST") {
    scanned.scales = read_dimension_list(dataset, attribute, info);
  }
}

}  // namespace

DatasetInfo read_storage_info(hid_t dataset, const DatasetRef& ref) {
  DatasetInfo info;
  info.ref = ref;
  const Datatype type(H5Dget_type(dataset));
  if (!type) fail("cannot read the datatype of " + ref.describe());
  info.dtype = describe_type(type.get());
  read_space(dataset, info);
  read_layout(dataset, type.get(), info);
  return info;
}

ScannedDataset read_dataset_info(hid_t dataset, const DatasetRef& ref) {
  ScannedDataset scanned{read_storage_info(dataset, ref), {}};
  scanned.info.attributes = read_attributes(dataset, ref.describe(), [&](const std::string& name, hid_t attribute) {
    read_bookkeeping(dataset, name, attribute, scanned);
  });
  return scanned;
}

}  // namespace xylem::h5
