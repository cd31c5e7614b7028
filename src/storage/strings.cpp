#include "xylem/storage/strings.hpp"

#include <cstring>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"

#include "detail/dataset_info.hpp"

namespace xylem {
namespace {

std::string trimmed(const char* text, std::size_t size, H5T_str_t padding) {
  std::string result(text, padding == H5T_STR_SPACEPAD ? size : strnlen(text, size));
  if (padding == H5T_STR_SPACEPAD) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> read_fixed(hid_t dataset, hid_t type, std::size_t count, const std::string& where) {
  const std::size_t size = H5Tget_size(type);
  std::vector<char> bytes(count * size);
  h5::check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "cannot read " + where);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(trimmed(bytes.data() + i * size, size, H5Tget_strpad(type)));
  return result;
}

std::vector<std::string> read_variable(hid_t dataset, hid_t type, hid_t space, std::size_t count, const std::string& where) {
  std::vector<char*> pointers(count, nullptr);
  h5::check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "cannot read " + where);
  std::vector<std::string> result;
  for (const char* text : pointers) result.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
  return result;
}

}  // namespace

std::optional<std::vector<std::string>> read_strings(FilePool& files, const DatasetInfo& info, std::int64_t max_bytes) {
  XYLEM_EXPECT(info.dtype.type_class == TypeClass::string && !info.null, "the dataset holds strings");
  const std::string where = h5::describe(info.ref);
  const auto file = files.open(info.ref.file);
  const h5::Dataset dataset(h5::check(H5Dopen2(file->get(), info.ref.path.c_str(), H5P_DEFAULT), "cannot open " + where));
  const DatasetInfo now = h5::read_storage_info(dataset.get(), info.ref);
  if (now.dtype != info.dtype || now.shape != info.shape || now.null)
    throw DataError("{} has changed since it was scanned; do not write to it meanwhile", where);
  const h5::Datatype type(H5Dget_type(dataset.get()));
  const h5::Dataspace space(H5Dget_space(dataset.get()));
  const std::int64_t count = num_elements(info.shape).value_or(max_bytes + 1);
  if (count > max_bytes || count * info.dtype.size > max_bytes) return std::nullopt;
  if (H5Tis_variable_str(type.get()) <= 0) return read_fixed(dataset.get(), type.get(), static_cast<std::size_t>(count), where);
  hsize_t bytes = 0;
  if (count > 0) h5::check(H5Dvlen_get_buf_size(dataset.get(), type.get(), space.get(), &bytes), "cannot read " + where);
  if (bytes > static_cast<hsize_t>(max_bytes)) return std::nullopt;
  return read_variable(dataset.get(), type.get(), space.get(), static_cast<std::size_t>(count), where);
}

}  // namespace xylem
