#include "xylem/storage/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "xylem/support/contract.hpp"
#include "xylem/support/text.hpp"

#include "detail/chunks.hpp"
#include "detail/dataset_info.hpp"
#include "detail/direct_reader.hpp"
#include "detail/extents.hpp"
#include "detail/summarize.hpp"
#include "detail/types.hpp"

namespace xylem {
FilePool::~FilePool() {
  files_.clear();
  h5::give_back_caches();
}

std::shared_ptr<const h5::File> FilePool::open(const std::string& path) {
  const auto hold = h5::hold_library();
  const auto known = std::find_if(files_.begin(), files_.end(), [&](const auto& entry) { return entry.first == path; });
  if (known != files_.end()) {
    files_.splice(files_.begin(), files_, known);
  } else {
    if (files_.size() == capacity_) files_.pop_back();  // first, so that there is never one more
    files_.emplace_front(path, std::make_shared<const h5::File>(h5::open_readonly(path)));
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
  XYLEM_EXPECT(strategy != IoStrategy::collective, "one rank alone does not read collectively");
  if (strategy == IoStrategy::hyperslab) return;
  const IoChoice choice = choose_io(*info_);
  if (choice.strategy == IoStrategy::direct) {
    direct_ = std::make_unique<DirectReader>(file_->get(), dataset_.get(), *info_);
  } else if (strategy == IoStrategy::direct) {
    throw UsageError("{} cannot be read directly ({}): use hyperslab", info_->ref.describe(), choice.why);
  }
}

bool DatasetReader::try_read(const Box& part, const Box& box, std::byte* out) const {
  if (info_->shape.empty()) return H5Dread(dataset_.get(), type_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
  const auto start = h5::to_hsize(part.start), count = h5::to_hsize(part.count);
  if (!memory_space_ || box.count != memory_count_) {
    const auto extents = h5::to_hsize(box.count);
    memory_space_ = h5::Dataspace(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
    memory_count_ = box.count;
  }
  std::vector<hsize_t> place(start);
  for (std::size_t d = 0; d < place.size(); ++d) place[d] -= static_cast<hsize_t>(box.start[d]);
  const herr_t selected =
      part == box ? H5Sselect_all(memory_space_.get())
                  : H5Sselect_hyperslab(memory_space_.get(), H5S_SELECT_SET, place.data(), nullptr, count.data(), nullptr);
  return selected >= 0 &&
         H5Sselect_hyperslab(file_space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
         H5Dread(dataset_.get(), type_.get(), memory_space_.get(), file_space_.get(), H5P_DEFAULT, out) >= 0;
}

void DatasetReader::read_by_hdf5(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out) {
  const auto hold = h5::hold_library();
  if (!info_->fill_defined) write_fill(*info_, out);  // HDF5 leaves what was never written as it finds it
  for (const Box& part : parts) read_part(part, box, out.data());
}

void DatasetReader::read_part(const Box& part, const Box& box, std::byte* out) {
  std::int64_t chunks = 1;
  std::optional<std::size_t> cut;  // the slowest dim that has several chunks
  for (std::size_t d = 0; info_->layout == Layout::chunked && d < part.count.size(); ++d) {
    const std::int64_t along = (part.start[d] + part.count[d] - 1) / info_->chunk[d] - part.start[d] / info_->chunk[d] + 1;
    if (along > 1 && !cut) cut = d;
    chunks *= along;
  }
  if (chunks <= hdf5_read_chunks) {
    if (!try_read(part, box, out)) blame(part, box, out);
    return;
  }
  const std::size_t d = *cut;
  const std::int64_t middle = (part.start[d] + part.count[d] / 2) / info_->chunk[d] * info_->chunk[d];
  Box first = part, second = part;
  second.start[d] = std::max(middle, (part.start[d] / info_->chunk[d] + 1) * info_->chunk[d]);
  first.count[d] = second.start[d] - part.start[d];
  second.count[d] = part.count[d] - first.count[d];
  read_part(first, box, out);
  read_part(second, box, out);
}

bool DatasetReader::decodes() const noexcept { return direct_ && direct_->decodes(); }

void DatasetReader::read(const Box& box, std::span<std::byte> out) {
  XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == box.size() * info_->dtype.size, "the buffer fits the box");
  if (out.empty()) return;
  direct_ ? direct_->read(box, {box}, out) : read_by_hdf5(box, {box}, out);
}

void DatasetReader::fetch(const Box& box, std::span<std::byte> out, RawBlock& raw) { fetch(box, {box}, out, raw); }

void DatasetReader::fetch(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out, RawBlock& raw) {
  XYLEM_EXPECT(decodes() || static_cast<std::int64_t>(out.size()) == box.size() * info_->dtype.size, "the buffer fits the box");
  if (direct_) {
    direct_->fetch(box, parts, out, raw);
  } else if (!out.empty()) {
    read_by_hdf5(box, parts, out);
  }
}

void DatasetReader::decode(const RawBlock& raw, std::span<std::byte> out) {
  if (direct_) direct_->decode(raw, out);
}

void DatasetReader::blame(const Box& part, const Box& box, std::byte* out) const {
  const std::string reason = h5::last_error();
  for (const FilterInfo& filter : info_->filters) {
    if (H5Zfilter_avail(filter.id) > 0) continue;
    throw DataError("{} needs filter {}{}, which this HDF5 does not have: install its plugin and set HDF5_PLUGIN_PATH",
                    info_->ref.describe(), filter.id, filter.name.empty() ? "" : fmt::format(" ('{}')", printable(filter.name)));
  }
  if (info_->layout == Layout::chunked) {
    // One chunk at a time, to name the one that fails.
    for_each_chunk(*info_, part, [&](const Shape& start) {
      if (!try_read(intersection(clipped_chunk(*info_, start), part), box, out))
        fail_chunk(*info_, start, "HDF5: " + h5::last_error());
    });
  }
  const bool elsewhere = info_->layout == Layout::external || info_->layout == Layout::virtual_dataset;
  throw DataError("elements {} of {} cannot be read (HDF5: {}): {}", format_box(part), info_->ref.describe(), reason,
                  elsewhere ? "they are stored in other files, which must be there and readable" : "the file is damaged");
}

StorageSummary DatasetReader::summarize() const {
  const auto hold = h5::hold_library();
  return h5::summarize(file_->get(), dataset_.get(), *info_);
}

}  // namespace xylem
