#include "xylem/storage/strings.hpp"

#include <algorithm>
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

// In batches, to stop where there is too much: H5Dvlen_get_buf_size would tell beforehand, but crashes on scalars (1.10.8).
std::optional<std::vector<std::string>> read_variable(hid_t dataset, hid_t type, std::size_t count, std::int64_t max_bytes,
                                                      const std::string& where) {
  constexpr std::size_t batch = 4096;
  std::vector<std::string> result;
  std::int64_t bytes = 0;
  const h5::Dataspace space(H5Dget_space(dataset));
  const bool is_scalar = H5Sget_simple_extent_ndims(space.get()) == 0;
  while (result.size() < count) {
    const hsize_t start = result.size(), length = std::min(batch, count - result.size());
    if (!is_scalar) H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &length, nullptr);
    const h5::Dataspace memory(H5Screate_simple(1, &length, nullptr));
    std::vector<char*> pointers(length, nullptr);
    h5::check(H5Dread(dataset, type, memory.get(), space.get(), H5P_DEFAULT, pointers.data()), "cannot read " + where);
    for (const char* text : pointers) {
      result.emplace_back(text == nullptr ? "" : text);
      bytes += static_cast<std::int64_t>(result.back().size()) + 1;
    }
    H5Dvlen_reclaim(type, memory.get(), H5P_DEFAULT, pointers.data());
    if (bytes > max_bytes) return std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<std::vector<std::string>> read_strings(FilePool& files, const DatasetInfo& info, std::int64_t max_bytes) {
  XYLEM_EXPECT(info.dtype.type_class == TypeClass::string && !info.null && info.ndim() <= 1, "strings along one dim at most");
  const std::string where = info.ref.describe();
  const auto file = files.open(info.ref.file);
  const h5::Dataset dataset(h5::check(H5Dopen2(file->get(), info.ref.path.c_str(), H5P_DEFAULT), "cannot open " + where));
  const DatasetInfo now = h5::read_storage_info(dataset.get(), info.ref);
  if (now.dtype != info.dtype || now.shape != info.shape || now.null)
    throw DataError("{} has changed since it was scanned; do not write to it meanwhile", where);
  const h5::Datatype type(H5Dget_type(dataset.get()));
  const std::int64_t count = num_elements(info.shape).value_or(max_bytes + 1);
  if (count > max_bytes || count * info.dtype.size > max_bytes) return std::nullopt;
  if (H5Tis_variable_str(type.get()) <= 0) return read_fixed(dataset.get(), type.get(), static_cast<std::size_t>(count), where);
  return read_variable(dataset.get(), type.get(), static_cast<std::size_t>(count), max_bytes, where);
}

}  // namespace xylem
