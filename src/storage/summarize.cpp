#include "detail/summarize.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/chunk_list.hpp"
#include "detail/virtual_sources.hpp"

namespace xylem::h5 {
namespace {

// Whether to list the stored chunks and read those alone, rather than to visit every chunk and be given the fill value for the
// others. A visit takes microseconds; to list the chunks HDF5 walks their index at some nanoseconds an entry.
bool is_sparse(std::int64_t stored, std::int64_t all) {
  constexpr std::int64_t few_visits = 4096;
  constexpr double entries_per_visit = 300;
  const double walked = chunk_entries_walked(static_cast<double>(stored));
  return stored > 0 && stored < all && all > few_visits && walked < static_cast<double>(all - stored) * entries_per_visit;
}

// Bytes of all elements; the largest number, where 63 bits do not count them.
std::int64_t bytes_of_elements(const DatasetInfo& info) {
  const auto elements = num_elements(info.shape);
  const auto bytes = elements ? checked_product(*elements, info.dtype.size) : std::nullopt;
  return bytes.value_or(std::numeric_limits<std::int64_t>::max());
}

std::vector<Shape> list_chunks(hid_t dataset, const DatasetInfo& info, std::int64_t count) {
  std::vector<Shape> starts =
      chunk_offsets(dataset, info.shape.size(), count, "cannot read the chunk index of " + info.ref.describe());
  for (const Shape& start : starts) {
    for (std::size_t d = 0; d < start.size(); ++d) {
      if (start[d] >= 0 && start[d] < info.shape[d] && start[d] % info.chunk[d] == 0) continue;
      throw DataError("the chunk index of {} has a chunk at {}, where its shape {} has none: the file is damaged",
                      info.ref.describe(), format_shape(start), format_shape(info.shape));
    }
  }
  std::sort(starts.begin(), starts.end());
  if (const auto twice = std::adjacent_find(starts.begin(), starts.end()); twice != starts.end()) {
    throw DataError("the chunk index of {} has two chunks at {}: the file is damaged", info.ref.describe(), format_shape(*twice));
  }
  return starts;
}

StorageSummary summarize_chunks(hid_t dataset, const DatasetInfo& info) {
  StorageSummary summary;
  hsize_t count = 0;
  // Not H5Dget_storage_size first: it is 0 as well for an index that it cannot read.
  const Dataspace space(H5Dget_space(dataset));
  check(H5Dget_num_chunks(dataset, space.get(), &count), "cannot read the chunk index of " + info.ref.describe());
  if (count == 0) return summary;
  const hsize_t stored = H5Dget_storage_size(dataset);
  if (stored == 0) fail("cannot read the sizes of the chunks of " + info.ref.describe());
  summary.stored_bytes = static_cast<std::int64_t>(stored);
  summary.allocated_chunks = static_cast<std::int64_t>(count);
  H5D_chunk_index_t index{};
  check(H5Dget_chunk_index_type(dataset, &index), "cannot find out how " + info.ref.describe() + " keeps its chunks");
  summary.chunk_tree = index == H5D_CHUNK_IDX_BTREE || index == H5D_CHUNK_IDX_BT2;
  const std::int64_t all = ChunkGrid(info.shape, info.chunk).size();
  if (is_sparse(summary.allocated_chunks, all)) summary.sparse_chunks = list_chunks(dataset, info, summary.allocated_chunks);
  return summary;
}

}  // namespace

StorageSummary summarize(hid_t file, hid_t dataset, const DatasetInfo& info) {
  if (info.layout == Layout::chunked) return summarize_chunks(dataset, info);
  if (info.layout == Layout::virtual_dataset) check_virtual_sources(dataset, info);
  StorageSummary summary;
  summary.allocated_chunks = 1;  // what is stored elsewhere is read to find out
  const hsize_t stored = H5Dget_storage_size(dataset);
  const std::int64_t needed = bytes_of_elements(info);
  summary.stored_bytes = static_cast<std::int64_t>(std::min(stored, static_cast<hsize_t>(needed)));
  if (info.layout == Layout::virtual_dataset || info.layout == Layout::external) return summary;
  const haddr_t offset = info.layout == Layout::contiguous ? H5Dget_offset(dataset) : 0;
  if (offset == HADDR_UNDEF) return {};
  // A damaged file may claim any size.
  if (summary.stored_bytes < needed) {
    throw DataError("{} needs {} bytes for its elements, but has only {}: the file is damaged", info.ref.describe(), needed,
                    stored);
  }
  hsize_t file_size = 0;
  check(H5Fget_filesize(file, &file_size), "cannot read the size of '" + printable(info.ref.file) + "'");
  if (offset > file_size || stored > file_size - offset) {
    throw DataError("{} claims {} bytes from byte {} on, but its file has only {}: the file is damaged", info.ref.describe(),
                    stored, offset, file_size);
  }
  return summary;
}

}  // namespace xylem::h5
