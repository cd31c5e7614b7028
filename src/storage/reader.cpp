#include "xylem/storage/reader.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/text.hpp"

#include "detail/chunk_list.hpp"
#include "detail/chunks.hpp"
#include "detail/dataset_info.hpp"
#include "detail/direct_reader.hpp"
#include "detail/extents.hpp"
#include "detail/types.hpp"
#include "detail/virtual_sources.hpp"

namespace xylem {
namespace {

// Whether to list the stored chunks and read those alone, rather than to visit every chunk and be given the fill value for the
// others. A visit takes microseconds; to list the chunks HDF5 walks their index at some nanoseconds an entry.
bool is_sparse(std::int64_t stored, std::int64_t all) {
  constexpr std::int64_t few_visits = 4096;
  constexpr double entries_per_visit = 300;
  const double walked = h5::chunk_entries_walked(static_cast<double>(stored));
  return stored > 0 && stored < all && all > few_visits && walked < static_cast<double>(all - stored) * entries_per_visit;
}

// Bytes of all elements; the largest number, where 63 bits do not count them.
std::int64_t bytes_of_elements(const DatasetInfo& info) {
  const auto elements = num_elements(info.shape);
  const auto bytes = elements ? checked_product(*elements, info.dtype.size) : std::nullopt;
  return bytes.value_or(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

std::shared_ptr<const h5::File> FilePool::open(const std::string& path) {
  const auto hold = h5::hold_library();
  const auto known = std::find_if(files_.begin(), files_.end(), [&](const auto& entry) { return entry.first == path; });
  if (known != files_.end()) {
    files_.splice(files_.begin(), files_, known);
  } else {
    files_.emplace_front(path, std::make_shared<const h5::File>(h5::open_readonly(path)));
    if (files_.size() > capacity_) files_.pop_back();
  }
  return files_.front().second;
}

double DatasetReader::decode_seconds() const noexcept { return direct_ ? direct_->decode_seconds() : 0; }

DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;

DatasetReader::DatasetReader(FilePool& files, std::shared_ptr<const DatasetInfo> info, IoStrategy strategy)
    : info_(std::move(info)), file_(files.open(info_->ref.file)) {
  const auto hold = h5::hold_library();
  const h5::PropertyList access(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access.get(), 0, 0, 1.0);
  dataset_ = h5::Dataset(H5Dopen2(file_->get(), info_->ref.path.c_str(), access.get()));
  if (!dataset_) h5::fail("cannot open " + info_->ref.describe());
  const DatasetInfo now = h5::read_storage_info(dataset_.get(), info_->ref);
  if (now.shape != info_->shape || now.dtype != info_->dtype || now.layout != info_->layout || now.chunk != info_->chunk ||
      now.filters != info_->filters || now.raw_edge_chunks != info_->raw_edge_chunks) {
    throw DataError(
        "{} has changed since it was scanned: {} {} in chunks of {} was {} {} in chunks of {}; do not write to it meanwhile",
        info_->ref.describe(), now.dtype.name(), format_shape(now.shape), format_shape(now.chunk), info_->dtype.name(),
        format_shape(info_->shape), format_shape(info_->chunk));
  }
  const h5::Datatype stored(H5Dget_type(dataset_.get()));
  type_ = h5::memory_type(stored.get(), info_->dtype);
  file_space_ = h5::Dataspace(H5Dget_space(dataset_.get()));
  if (strategy != IoStrategy::hyperslab) direct_ = DirectReader::make(dataset_.get(), *info_);
  if (strategy == IoStrategy::direct && !direct_) {
    throw UsageError("{} cannot be read directly (its layout, type or filters need HDF5's own pipeline): use hyperslab",
                     info_->ref.describe());
  }
}

bool DatasetReader::try_read(const Box& box, std::byte* out) const {
  if (info_->shape.empty()) return H5Dread(dataset_.get(), type_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
  const auto start = h5::to_hsize(box.start), count = h5::to_hsize(box.count);
  if (!memory_space_ || box.count != memory_count_) {
    memory_space_ = h5::Dataspace(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    memory_count_ = box.count;
  }
  return H5Sselect_hyperslab(file_space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
         H5Dread(dataset_.get(), type_.get(), memory_space_.get(), file_space_.get(), H5P_DEFAULT, out) >= 0;
}

void DatasetReader::read(const Box& box, std::span<std::byte> out) {
  XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == box.size() * info_->dtype.size, "the buffer fits the box");
  if (out.empty()) return;
  if (direct_ && is_whole_chunks(*info_, box)) return direct_->read(box, out);
  const auto hold = h5::hold_library();
  if (!info_->fill_defined) write_fill(*info_, out);  // HDF5 leaves what was never written as it finds it
  if (!try_read(box, out.data())) blame(box, out);
}

void DatasetReader::blame(const Box& box, std::span<std::byte> scratch) const {
  const std::string reason = h5::last_error();
  for (const FilterInfo& filter : info_->filters) {
    if (H5Zfilter_avail(filter.id) > 0) continue;
    throw DataError("{} needs the filter '{}' ({}), which this HDF5 does not have: install its plugin and set HDF5_PLUGIN_PATH",
                    info_->ref.describe(), filter.name, filter.id);
  }
  if (info_->layout == Layout::chunked) {
    // One chunk at a time, to name the one that fails. What of it is in the box fits where the box does.
    for_each_chunk(*info_, box, [&](const Shape& start) {
      if (!try_read(intersection(clipped_chunk(*info_, start), box), scratch.data()))
        fail_chunk(*info_, start, "HDF5: " + h5::last_error());
    });
  }
  const bool elsewhere = info_->layout == Layout::external || info_->layout == Layout::virtual_dataset;
  throw DataError("elements {} of {} cannot be read (HDF5: {}): {}", format_box(box), info_->ref.describe(), reason,
                  elsewhere ? "they are stored in other files, which must be there and readable" : "the file is damaged");
}

StorageSummary DatasetReader::summarize() const {
  if (info_->layout == Layout::chunked) return summarize_chunks();
  if (info_->layout == Layout::virtual_dataset) check_virtual_sources(dataset_.get(), *info_);
  StorageSummary summary;
  summary.allocated_chunks = 1;  // what is stored elsewhere is read to find out
  const hsize_t stored = H5Dget_storage_size(dataset_.get());
  const std::int64_t needed = bytes_of_elements(*info_);
  summary.stored_bytes = static_cast<std::int64_t>(std::min(stored, static_cast<hsize_t>(needed)));
  if (info_->layout == Layout::virtual_dataset || info_->layout == Layout::external) return summary;
  const haddr_t offset = info_->layout == Layout::contiguous ? H5Dget_offset(dataset_.get()) : 0;
  if (offset == HADDR_UNDEF) return {};
  // A damaged file may claim any size.
  if (summary.stored_bytes < needed) {
    throw DataError("{} needs {} bytes for its elements, but has only {}: the file is damaged", info_->ref.describe(), needed,
                    stored);
  }
  hsize_t file_size = 0;
  h5::check(H5Fget_filesize(file_->get(), &file_size), "cannot read the size of '" + printable(info_->ref.file) + "'");
  if (offset > file_size || stored > file_size - offset) {
    throw DataError("{} claims {} bytes from byte {} on, but its file has only {}: the file is damaged", info_->ref.describe(),
                    stored, offset, file_size);
  }
  return summary;
}

StorageSummary DatasetReader::summarize_chunks() const {
  StorageSummary summary;
  hsize_t count = 0;
  // Not H5Dget_storage_size first: it is 0 as well for an index that it cannot read.
  const h5::Dataspace space(H5Dget_space(dataset_.get()));
  h5::check(H5Dget_num_chunks(dataset_.get(), space.get(), &count), "cannot read the chunk index of " + info_->ref.describe());
  if (count == 0) return summary;
  const hsize_t stored = H5Dget_storage_size(dataset_.get());
  if (stored == 0) h5::fail("cannot read the sizes of the chunks of " + info_->ref.describe());
  summary.stored_bytes = static_cast<std::int64_t>(stored);
  summary.allocated_chunks = static_cast<std::int64_t>(count);
  const std::int64_t all = ChunkGrid(info_->shape, info_->chunk).size();
  if (is_sparse(summary.allocated_chunks, all)) summary.sparse_chunks = list_chunks(summary.allocated_chunks);
  return summary;
}

std::vector<Shape> DatasetReader::list_chunks(std::int64_t count) const {
  std::vector<Shape> starts =
      h5::chunk_offsets(dataset_.get(), info_->shape.size(), count, "cannot read the chunk index of " + info_->ref.describe());
  for (const Shape& start : starts) {
    for (std::size_t d = 0; d < start.size(); ++d) {
      if (start[d] >= 0 && start[d] < info_->shape[d] && start[d] % info_->chunk[d] == 0) continue;
      throw DataError("the chunk index of {} has a chunk at {}, where its shape {} has none: the file is damaged",
                      info_->ref.describe(), format_shape(start), format_shape(info_->shape));
    }
  }
  std::sort(starts.begin(), starts.end());
  if (const auto twice = std::adjacent_find(starts.begin(), starts.end()); twice != starts.end()) {
    throw DataError("the chunk index of {} has two chunks at {}: the file is damaged", info_->ref.describe(),
                    format_shape(*twice));
  }
  return starts;
}

}  // namespace xylem
