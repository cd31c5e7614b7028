#include "detail/scan_contents.hpp"

#include <optional>
#include <utility>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/limits.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"

#include "detail/summarize.hpp"
#include "detail/types.hpp"

namespace xylem::h5 {
namespace {

// The index of more chunks takes its time to read, and the dataset may not be asked for.
constexpr std::int64_t few_chunks = 1024;

bool is_cheap_to_summarize(const DatasetInfo& info) {
  if (info.null || !num_elements(info.shape)) return false;
  switch (info.layout) {
    case Layout::compact:
    case Layout::contiguous: return true;
    case Layout::chunked: return ChunkGrid(info.shape, info.chunk).size() <= few_chunks;
    case Layout::external:
    case Layout::virtual_dataset: break;  // other files than this one tell
  }
  return false;
}

bool may_label(const DatasetInfo& info) {
  if (!info.storage || info.ndim() > 1 || !info.dtype.is_numeric()) return false;
  const auto bytes = checked_product(num_elements(info.shape).value_or(max_scanned_scale), info.dtype.size);
  return bytes && *bytes > 0 && *bytes <= (info.is_scale ? max_scanned_scale : max_scanned_values);
}

}  // namespace

void scan_contents(hid_t file, hid_t dataset, DatasetInfo& info) {
  if (!is_cheap_to_summarize(info)) return;
  try {
    info.storage = summarize(file, dataset, info);
  } catch (const DataError&) {
    return;
  }
  if (!may_label(info)) return;
  std::string bytes(static_cast<std::size_t>(*num_elements(info.shape) * info.dtype.size), '\0');
  const Datatype stored(H5Dget_type(dataset));
  const Datatype type = memory_type(stored.get(), info.dtype);
  const bool is_read = H5Dread(dataset, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0;
  if (is_read) info.elements = std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace xylem::h5
