#include "xylem/storage/reader.hpp"

#include <algorithm>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/text.hpp"

#include "detail/chunks.hpp"
#include "detail/dataset_info.hpp"
#include "detail/direct_reader.hpp"
#include "detail/types.hpp"

namespace xylem {
namespace {

// Whether to list the stored chunks and read those alone, rather than to visit every chunk and be given the fill value for the
// others. A visit takes microseconds; to list a chunk HDF5 walks its index from the start, at some nanoseconds an entry.
bool is_sparse(std::int64_t stored, std::int64_t all) {
  constexpr std::int64_t few_visits = 4096;
  constexpr double entries_per_visit = 300;
  const auto count = static_cast<double>(stored), missing = static_cast<double>(all - stored);
  return stored > 0 && stored < all && all > few_visits && count * count / 2 < missing * entries_per_visit;
}

std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

std::shared_ptr<const h5::File> FilePool::open(const std::string& path) {
  const auto known = std::find_if(files_.begin(), files_.end(), [&](const auto& entry) { return entry.first == path; });
  if (known != files_.end()) {
    files_.splice(files_.begin(), files_, known);
  } else {
    files_.emplace_front(path, std::make_shared<const h5::File>(h5::open_readonly(path)));
    if (files_.size() > capacity_) files_.pop_back();
  }
  return files_.front().second;
}

DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;

DatasetReader::DatasetReader(FilePool& files, std::shared_ptr<const DatasetInfo> info, IoStrategy strategy)
    : info_(std::move(info)), file_(files.open(info_->ref.file)) {
  const h5::PropertyList access(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access.get(), 0, 0, 1.0);
  dataset_ = h5::Dataset(H5Dopen2(file_->get(), info_->ref.path.c_str(), access.get()));
  if (!dataset_) h5::fail("cannot open " + h5::describe(info_->ref));
  const DatasetInfo now = h5::read_storage_info(dataset_.get(), info_->ref);
  if (now.shape != info_->shape || now.dtype != info_->dtype || now.layout != info_->layout || now.chunk != info_->chunk ||
      now.filters != info_->filters || now.raw_edge_chunks != info_->raw_edge_chunks) {
    throw DataError(
        "{} has changed since it was scanned: {} {} in chunks of {} was {} {} in chunks of {}; do not write to it meanwhile",
        h5::describe(info_->ref), now.dtype.name(), format_shape(now.shape), format_shape(now.chunk), info_->dtype.name(),
        format_shape(info_->shape), format_shape(info_->chunk));
  }
  const h5::Datatype stored(H5Dget_type(dataset_.get()));
  type_ = h5::memory_type(stored.get(), info_->dtype);
  if (strategy != IoStrategy::hyperslab) direct_ = DirectReader::make(dataset_.get(), *info_);
  if (strategy == IoStrategy::direct && !direct_) {
    throw UsageError("{} cannot be read directly (its layout, type or filters need HDF5's own pipeline): use hyperslab",
                     h5::describe(info_->ref));
  }
}

bool DatasetReader::try_read(const Box& box, std::byte* out) const {
  if (info_->shape.empty()) return H5Dread(dataset_.get(), type_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
  const auto start = to_hsize(box.start), count = to_hsize(box.count);
  const h5::Dataspace file_space(H5Dget_space(dataset_.get()));
  const h5::Dataspace memory_space(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
  return H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
         H5Dread(dataset_.get(), type_.get(), memory_space.get(), file_space.get(), H5P_DEFAULT, out) >= 0;
}

void DatasetReader::read(const Box& box, std::span<std::byte> out) {
  XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == box.size() * info_->dtype.size, "the buffer fits the box");
  if (out.empty()) return;
  if (direct_ && is_whole_chunks(*info_, box)) return direct_->read(box, out);
  if (!info_->fill_defined) write_fill(*info_, out);  // HDF5 leaves what was never written as it finds it
  if (!try_read(box, out.data())) blame(box);
}

void DatasetReader::blame(const Box& box) const {
  const std::string reason = h5::last_error();
  for (const FilterInfo& filter : info_->filters) {
    if (H5Zfilter_avail(filter.id) > 0) continue;
    throw DataError("{} needs the filter '{}' ({}), which this HDF5 does not have: install its plugin and set HDF5_PLUGIN_PATH",
                    h5::describe(info_->ref), filter.name, filter.id);
  }
  if (info_->layout == Layout::chunked) {
    // One chunk at a time, to name the one that fails.
    for_each_chunk(*info_, box, [&](const Shape& start) {
      const Box chunk = clipped_chunk(*info_, start);
      std::vector<std::byte> scratch(static_cast<std::size_t>(chunk.size() * info_->dtype.size));
      if (!try_read(chunk, scratch.data())) fail_chunk(*info_, start, "HDF5: " + h5::last_error());
    });
  }
  const bool elsewhere = info_->layout == Layout::external || info_->layout == Layout::virtual_dataset;
  throw DataError("elements {} of {} cannot be read (HDF5: {}): {}", format_box(box), h5::describe(info_->ref), reason,
                  elsewhere ? "they are stored in other files, which must be there and readable" : "the file is damaged");
}

StorageSummary DatasetReader::summarize() const {
  StorageSummary summary;
  summary.stored_bytes = static_cast<std::int64_t>(H5Dget_storage_size(dataset_.get()));
  if (info_->layout == Layout::chunked) {
    hsize_t count = 0;
    const h5::Dataspace space(H5Dget_space(dataset_.get()));
    if (summary.stored_bytes > 0)
      h5::check(H5Dget_num_chunks(dataset_.get(), space.get(), &count),
                "cannot read the chunk index of " + h5::describe(info_->ref));
    summary.allocated_chunks = static_cast<std::int64_t>(count);
    const std::int64_t all = ChunkGrid(info_->shape, info_->chunk).size();
    if (is_sparse(summary.allocated_chunks, all)) summary.sparse_chunks = list_chunks(summary.allocated_chunks);
    return summary;
  }
  if (info_->layout == Layout::virtual_dataset || info_->layout == Layout::external) {
    summary.allocated_chunks = 1;  // stored elsewhere: read to find out
    return summary;
  }
  summary.allocated_chunks = summary.stored_bytes > 0 ? 1 : 0;
  hsize_t file_size = 0;
  const haddr_t offset = H5Dget_offset(dataset_.get());
  if (info_->layout != Layout::contiguous) return summary;
  if (offset == HADDR_UNDEF) {
    summary = {};
  } else if (H5Fget_filesize(file_->get(), &file_size) >= 0 && static_cast<hsize_t>(summary.stored_bytes) > file_size) {
    throw DataError("{} claims {} bytes, but its file has only {}: the file is damaged", h5::describe(info_->ref),
                    summary.stored_bytes, file_size);
  }
  return summary;
}

std::vector<Shape> DatasetReader::list_chunks(std::int64_t count) const {
  std::vector<Shape> starts;
  const h5::Dataspace space(H5Dget_space(dataset_.get()));
  std::vector<hsize_t> offset(info_->shape.size());
  for (std::int64_t i = 0; i < count; ++i) {
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t size = 0;
    h5::check(H5Dget_chunk_info(dataset_.get(), space.get(), static_cast<hsize_t>(i), offset.data(), &mask, &address, &size),
              "cannot read the chunk index of " + h5::describe(info_->ref));
    for (std::size_t d = 0; d < offset.size(); ++d) {
      if (offset[d] < static_cast<hsize_t>(info_->shape[d]) && offset[d] % static_cast<hsize_t>(info_->chunk[d]) == 0) continue;
      throw DataError("the chunk index of {} has a chunk at {}, where its shape {} has none: the file is damaged",
                      h5::describe(info_->ref), format_shape({offset.begin(), offset.end()}), format_shape(info_->shape));
    }
    starts.emplace_back(offset.begin(), offset.end());
  }
  std::sort(starts.begin(), starts.end());
  if (const auto twice = std::adjacent_find(starts.begin(), starts.end()); twice != starts.end()) {
    throw DataError("the chunk index of {} has two chunks at {}: the file is damaged", h5::describe(info_->ref),
                    format_shape(*twice));
  }
  return starts;
}

}  // namespace xylem
