#include "detail/existing_file.hpp"

#include <algorithm>
#include <limits>

#include "xylem/storage/hdf5.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/storage/strings.hpp"

namespace xylem::detail {
namespace {

// netCDF's mark of a dim that is no variable, which stands before its size.
constexpr std::string_view extent_only = "This is a netCDF dimension but not a netCDF variable.";

template <class T>
LabelValues read_numbers(const DatasetInfo& info, hid_t memory_type) {
  const auto hold = h5::hold_library();
  const std::string where = "cannot read " + info.ref.describe();
  const h5::File file = h5::open_readonly(info.ref.file);
  const h5::Dataset dataset(h5::check(H5Dopen2(file.get(), info.ref.path.c_str(), H5P_DEFAULT), where));
  std::vector<T> values(static_cast<std::size_t>(*num_elements(info.shape)));
  h5::check(H5Dread(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), where);
  return values;
}

}  // namespace

ExistingFile::ExistingFile(const std::string& path) : metadata_(scan_file(path)) {}

const ObjectInfo* ExistingFile::find(const std::string& name) const {
  const auto found = std::ranges::find_if(metadata_.objects,
                                          [&](const ObjectInfo& object) { return object.parent == 0 && object.name == name; });
  return found == metadata_.objects.end() ? nullptr : &*found;
}

const DatasetInfo* ExistingFile::find_dim(const std::string& name) const {
  const ObjectInfo* object = find(name);
  const bool is_dim = object != nullptr && object->dataset && object->dataset->is_scale && object->dataset->ndim() == 1;
  return is_dim ? object->dataset.get() : nullptr;
}

std::optional<LabelValues> ExistingFile::values(const DatasetInfo& dataset) const {
  if (dataset.null || dataset.ndim() > 1 || dataset.scale_name.starts_with(extent_only)) return std::nullopt;
  if (dataset.dtype.type_class == TypeClass::string) {
    FilePool files;
    return read_strings(files, dataset, std::numeric_limits<std::int64_t>::max() / 2);
  }
  if (!dataset.dtype.is_numeric()) return std::nullopt;
  if (dataset.dtype.is_integral()) return read_numbers<std::int64_t>(dataset, H5T_NATIVE_INT64);
  return read_numbers<double>(dataset, H5T_NATIVE_DOUBLE);
}

std::optional<std::string> ExistingFile::attribute(const std::string& name) const {
  const Attributes& attributes = metadata_.objects.at(0).attributes;
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::nullopt : found->second.as_string();
}

}  // namespace xylem::detail
