#include "xylem/plan/scan_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "xylem/model/io.hpp"
#include "xylem/model/limits.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/contract.hpp"

#include "detail/file_memory.hpp"

namespace xylem {
namespace {

using detail::count_file_memory;
using detail::open_file_memory;

constexpr std::int64_t mib = std::int64_t{1} << 20;

// Blocks grow to this size, no further: it stays in a core's own cache between reading and reducing. A chunk is a block at least.
constexpr std::int64_t good_block_bytes = mib / 2;

// A larger chunk is read in parts, unless it must be decoded.
constexpr std::int64_t max_whole_chunk_bytes = 4 * mib;

// What a rank needs besides its buffers: HDF5's caches of open files, its type conversion and sieve buffers, kernel scratch, and
// the accumulators of the datasets that it shares with other ranks.
constexpr std::int64_t code_bytes = mib, fixed_bytes = max_open_files * hdf5_file_memory + code_bytes;

std::int64_t bytes_of(const Shape& shape, const DatasetInfo& info) {
  const auto elements = num_elements(shape);
  const auto bytes = elements ? checked_product(*elements, info.dtype.size) : std::nullopt;
  return bytes.value_or(std::numeric_limits<std::int64_t>::max());
}

// Grows a tile along the fastest dimension first, in whole multiples, while it stays within `limit` bytes.
Shape grow(Shape tile, const DatasetInfo& info, std::int64_t limit) {
  for (std::size_t d = tile.size(); d-- > 0;) {
    const std::int64_t fits = std::max<std::int64_t>(1, limit / std::max<std::int64_t>(1, bytes_of(tile, info)));
    const std::int64_t needed = std::max<std::int64_t>(1, info.shape[d] / tile[d] + (info.shape[d] % tile[d] != 0 ? 1 : 0));
    tile[d] *= std::min(fits, needed);
    if (fits < needed) break;
  }
  return tile;
}

// A part of `extent` of at most `most` elements: one that divides it, unless that were far smaller; then parts as even as can be.
std::int64_t even_part(std::int64_t extent, std::int64_t most) {
  const std::int64_t parts = (extent + most - 1) / most;
  for (std::int64_t n = parts; n <= 2 * parts && n <= extent; ++n) {
    if (extent % n == 0) return extent / n;
  }
  return (extent + parts - 1) / parts;
}

// The part of a large chunk that is read at once: whole along the fastest dimensions, so that its bytes lie together in the file.
// It stays within the chunk, for HDF5 is slow to piece a block together of parts of several.
Shape part_of_chunk(const DatasetInfo& info, std::int64_t limit) {
  Shape part(info.shape.size(), 1);
  for (std::size_t d = part.size(); d-- > 0;) {
    const std::int64_t fits = std::max<std::int64_t>(1, limit / bytes_of(part, info));
    if (fits < info.chunk[d]) {
      part[d] = even_part(info.chunk[d], fits);
      break;
    }
    part[d] = info.chunk[d];
  }
  return part;
}

// What is kept of each dataset from now to the end: how it is read, what was found, and the line printed of it.
std::int64_t kept_bytes(const DatasetInfo& info, const StorageSummary& summary) {
  constexpr std::int64_t measured = 1024;  // drivers.memory checks it
  const auto dims = static_cast<std::int64_t>(info.shape.size());
  const auto text = static_cast<std::int64_t>(info.ref.file.size() + info.ref.path.size());
  const auto sparse = static_cast<std::int64_t>(summary.sparse_chunks.size());
  return measured + 4 * text + 64 * dims + sparse * (96 + 32 * dims);
}

bool is_stored(const DatasetInfo& info, const StorageSummary& summary) {
  return !info.null && num_elements(info.shape).value_or(1) > 0 && summary.allocated_chunks > 0;
}

// Filtered chunks must be decoded whole; few of very many are read one by one.
bool needs_whole_chunks(const DatasetInfo& info, const StorageSummary& summary) {
  return !info.filters.empty() || !summary.sparse_chunks.empty();
}

// What reading takes beside the elements.
std::int64_t bytes_beside(const DatasetInfo& info, const Shape& count, IoStrategy io) {
  return io == IoStrategy::hyperslab ? hdf5_read_bytes(info, count) : read_bytes(info, count);
}

std::int64_t needed_bytes(const DatasetInfo& info, const StorageSummary& summary, IoStrategy io) {
  if (!is_stored(info, summary)) return fixed_bytes;
  return fixed_bytes +
         std::max(mib, needs_whole_chunks(info, summary) ? chunk_bytes(info) + bytes_beside(info, info.chunk, io) : 0);
}

void check_limit(std::int64_t needed, const DatasetInfo& info, std::int64_t memory_limit, std::int64_t kept) {
  if (needed <= memory_limit - kept) return;
  // What is in use already differs a little from run to run: a MiB more, so that the advice holds.
  const std::int64_t needed_mib = (needed + kept + mib - 1) / mib + (kept >= mib ? 1 : 0);
  const std::string taken = kept >= mib ? fmt::format(", of which metadata and results take {},", format_bytes(kept)) : "";
  if (needed <= fixed_bytes + mib) {
    throw ResourceError("a memory limit of {} per rank{} is too small to read anything: give at least --memory {}MiB",
                        format_bytes(memory_limit), taken, needed_mib);
  }
  throw ResourceError(
      "{} has chunks of {} ({}), which must be {} whole; a memory limit of {} per rank{} does not hold them: give at least "
      "--memory {}MiB",
      info.ref.describe(), format_shape(info.chunk), format_bytes(chunk_bytes(info)), info.filters.empty() ? "read" : "decoded",
      format_bytes(memory_limit), taken, needed_mib);
}

// The blocks of a dataset of which all, or nearly all, is stored.
void cut_into_blocks(DatasetScan& scan, std::int64_t memory_limit, IoStrategy io) {
  const DatasetInfo& info = *scan.info;
  const std::int64_t buffers = memory_limit - fixed_bytes;
  const std::int64_t chunk = chunk_bytes(info);
  const bool fits = chunk <= max_whole_chunk_bytes && chunk + bytes_beside(info, info.chunk, io) <= buffers;
  const bool whole_chunks = info.layout == Layout::chunked && (!info.filters.empty() || fits);
  if (whole_chunks) scan.bytes_beside = bytes_beside(info, info.chunk, io);
  const std::int64_t limit = std::min(good_block_bytes, buffers - scan.bytes_beside);
  if (info.layout == Layout::chunked && !whole_chunks) {
    scan.blocks = ChunkGrid(info.shape, part_of_chunk(info, limit));
  } else {
    scan.blocks = ChunkGrid(info.shape, grow(whole_chunks ? info.chunk : Shape(info.shape.size(), 1), info, limit));
  }
  if (whole_chunks) scan.bytes_beside = bytes_beside(info, scan.blocks.tile(), io);
  scan.num_blocks = scan.blocks.size();
}

// Each stored chunk a block.
void take_stored_chunks(DatasetScan& scan, const StorageSummary& summary, IoStrategy io) {
  const DatasetInfo& info = *scan.info;
  scan.bytes_beside = bytes_beside(info, info.chunk, io);
  scan.blocks = ChunkGrid(info.shape, info.chunk);
  scan.sparse_blocks.reserve(summary.sparse_chunks.size());
  for (const Shape& start : summary.sparse_chunks) {
    std::int64_t index = 0;
    for (std::size_t d = 0; d < start.size(); ++d) index = index * scan.blocks.grid()[d] + start[d] / info.chunk[d];
    scan.sparse_blocks.push_back(index);
    scan.fill_elements -= scan.blocks.box(index).size();
  }
  scan.num_blocks = static_cast<std::int64_t>(scan.sparse_blocks.size());
}

DatasetScan make_scan(const std::shared_ptr<const DatasetInfo>& info, const StorageSummary& summary, std::int64_t memory_limit,
                      IoStrategy io) {
  XYLEM_EXPECT(info->dtype.is_numeric(), "numeric datasets only");
  const auto elements = info->null ? 0 : num_elements(info->shape);
  if (!elements)
    throw DataError("{} has shape {}, more elements than 63 bits can count", info->ref.describe(), format_shape(info->shape));
  DatasetScan scan;
  scan.info = info;
  if (!is_stored(*info, summary)) {
    scan.fill_elements = *elements;
    return scan;
  }
  if (summary.sparse_chunks.empty()) {
    cut_into_blocks(scan, memory_limit, io);
  } else {
    scan.fill_elements = *elements;
    take_stored_chunks(scan, summary, io);
  }
  scan.weight = std::max(summary.stored_bytes, scan.num_blocks);
  return scan;
}

}  // namespace

Box DatasetScan::box(std::int64_t i) const {
  return blocks.box(sparse_blocks.empty() ? i : sparse_blocks[static_cast<std::size_t>(i)]);
}

std::int64_t DatasetScan::block_bytes() const {
  std::int64_t bytes = info->dtype.size;
  for (std::size_t d = 0; d < blocks.tile().size(); ++d) bytes *= std::min(blocks.tile()[d], blocks.shape()[d]);
  return num_blocks == 0 ? 0 : bytes;
}

std::int64_t DatasetScan::read_bytes() const {
  return num_blocks == 0 ? 0 : (num_elements(info->shape).value_or(0) - fill_elements) * info->dtype.size;
}

ScanPlan::ScanPlan(const std::vector<std::shared_ptr<const DatasetInfo>>& datasets, const std::vector<StorageSummary>& summaries,
                   Topology topology, std::int64_t memory_limit, std::int64_t memory_held, IoStrategy io)
    : topology_(topology) {
  XYLEM_EXPECT(datasets.size() == summaries.size(), "a summary for each dataset");
  std::size_t largest = 0;  // the dataset that needs most: a refusal names a limit that does for all
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    if (needed_bytes(*datasets[i], summaries[i], io) > needed_bytes(*datasets[largest], summaries[largest], io)) largest = i;
  }
  std::int64_t kept = memory_held;
  for (std::size_t i = 0; i < datasets.size(); ++i) kept += kept_bytes(*datasets[i], summaries[i]);
  if (!datasets.empty())
    check_limit(needed_bytes(*datasets[largest], summaries[largest], io), *datasets[largest], memory_limit, kept);
  std::int64_t buffers = 0;
  std::map<std::string_view, std::int64_t> files;
  datasets_.reserve(datasets.size());
  weight_before_.reserve(datasets.size() + 1);
  weight_before_.push_back(0);
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    datasets_.push_back(make_scan(datasets[i], summaries[i], memory_limit - kept, io));
    const DatasetScan& scan = datasets_.back();
    weight_before_.push_back(weight_before_.back() + scan.weight);
    if (scan.num_blocks == 0) continue;
    count_file_memory(files, *datasets[i], summaries[i]);
    const std::int64_t usual =
        io == IoStrategy::hyperslab ? scan.bytes_beside : usual_read_bytes(*datasets[i], summaries[i], scan.blocks.tile());
    buffers = std::max(buffers, scan.block_bytes() + std::min(scan.bytes_beside, usual));
  }
  forecast_ = kept + (datasets.empty() ? 0 : code_bytes + open_file_memory(files, 1) + buffers);
}

std::int64_t ScanPlan::first_block(std::size_t dataset, std::int64_t boundary) const {
  // The first block that starts at or behind `boundary` in the running weight; a dataset's blocks count alike.
  const DatasetScan& scan = datasets_[dataset];
  const std::int64_t within = boundary - weight_before_[dataset];
  if (within <= 0) return 0;
  if (within >= scan.weight) return scan.num_blocks;
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>((static_cast<Wide>(within) * scan.num_blocks + scan.weight - 1) / scan.weight);
}

std::vector<BlockRange> ScanPlan::share(int rank) const {
  __extension__ using Wide = __int128;
  const auto boundary = [&](int r) {
    return static_cast<std::int64_t>(static_cast<Wide>(weight_before_.back()) * r / topology_.ranks);
  };
  const std::int64_t begin = boundary(rank), end = boundary(rank + 1);
  std::vector<BlockRange> ranges;
  for (std::size_t i = 0; i < datasets_.size(); ++i) {
    if (weight_before_[i + 1] <= begin || weight_before_[i] >= end) continue;
    const BlockRange range{i, first_block(i, begin), first_block(i, end)};
    if (range.begin < range.end) ranges.push_back(range);
  }
  return ranges;
}

std::int64_t ScanPlan::bytes(int rank) const {
  std::int64_t total = 0;
  for (const BlockRange& range : share(rank)) total += (range.end - range.begin) * datasets_[range.dataset].block_bytes();
  return total;
}

}  // namespace xylem
