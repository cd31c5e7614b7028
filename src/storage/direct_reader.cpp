#include "detail/direct_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/support/timer.hpp"

#include "detail/chunks.hpp"
#include "detail/compat.hpp"
#include "detail/extents.hpp"

namespace xylem {
namespace {

// A stored chunk is rarely larger than its elements, and never by much: more is a damaged index, not a reason to ask for memory.
constexpr std::int64_t max_expansion_bytes = std::int64_t{1} << 20;

}  // namespace

std::unique_ptr<DirectReader> DirectReader::make(hid_t dataset, const DatasetInfo& info) {
  if (info.layout != Layout::chunked || info.filters.empty() || info.raw_edge_chunks || !info.dtype.standard) return nullptr;
  auto pipeline = FilterPipeline::make(info);
  return pipeline ? std::unique_ptr<DirectReader>(new DirectReader(dataset, info, std::move(*pipeline))) : nullptr;
}

DirectReader::DirectReader(hid_t dataset, const DatasetInfo& info, FilterPipeline pipeline)
    : dataset_(dataset), info_(info), pipeline_(std::move(pipeline)) {}

// Buffers get their full size at once: a vector that grows holds the old and the new one for a moment. Pages that are never
// touched cost nothing. Not before the first read, which a plan has found to fit: a damaged file may claim chunks of any size.
void DirectReader::reserve() {
  const Box whole{{}, info_.chunk};
  const auto bytes = static_cast<std::size_t>(whole.size() * info_.dtype.size);
  chunk_.reserve(bytes);
  raw_.reserve(bytes + max_expansion_bytes);
  pipeline_.reserve(bytes + max_expansion_bytes);
}

void DirectReader::read(const Box& box, std::span<std::byte> out) {
  if (raw_.capacity() == 0) reserve();
  if (box.count == info_.chunk) return read_chunk(box.start, out);
  const Box whole{{}, info_.chunk};
  chunk_.resize(static_cast<std::size_t>(whole.size() * info_.dtype.size));
  for_each_chunk(info_, box, [&](const Shape& start) {
    read_chunk(start, chunk_);
    scatter(start, box, out);
  });
}

// The stored bytes of a chunk, and which filters they skipped; nothing where it was never written, and `out` is filled.
std::optional<std::uint32_t> DirectReader::fetch(const Shape& start, std::span<std::byte> out) {
  const auto hold = h5::hold_library();
  const std::vector<hsize_t> offset = h5::to_hsize(start);
  const auto fail = [&](const std::string& reason) { fail_chunk(info_, start, reason); };
  // Not H5Dget_chunk_info_by_coord, which HDF5 1.10 answers by walking the whole chunk index.
  hsize_t size = 0;
  std::uint32_t read_mask = 0;
  if (H5Dget_chunk_storage_size(dataset_, offset.data(), &size) < 0) {
    const std::string reason = h5::last_error();
    if (reason == "chunk storage is not allocated") return write_fill(info_, out), std::nullopt;
    fail("HDF5: " + reason);
  }
  if (size == 0) {  // never written, as other releases put it, or damaged
    std::byte nothing{};
    if (h5::read_chunk(dataset_, offset.data(), read_mask, &nothing, 1) < 0) return write_fill(info_, out), std::nullopt;
    fail("it holds no bytes");
  }
  if (size > out.size() + max_expansion_bytes)
    fail(fmt::format("it claims {} stored bytes for {} bytes of elements", size, out.size()));
  raw_.resize(size);
  if (h5::read_chunk(dataset_, offset.data(), read_mask, raw_.data(), raw_.size()) < 0) fail("HDF5: " + h5::last_error());
  return read_mask;
}

void DirectReader::read_chunk(const Shape& start, std::span<std::byte> out) {
  const auto read_mask = fetch(start, out);
  if (!read_mask) return;
  const Timer timer;
  const std::string problem = pipeline_.decode(raw_, *read_mask, out);
  decode_seconds_ += timer.seconds();
  if (!problem.empty()) fail_chunk(info_, start, problem);
}

// Copies the chunk just read to its place in `box`, row by row along the fastest dimension.
void DirectReader::scatter(const Shape& start, const Box& box, std::span<std::byte> out) const {
  const std::size_t rank = box.start.size();
  const auto size = static_cast<std::size_t>(info_.dtype.size);
  const Box part = clipped_chunk(info_, start);
  Shape rows = part.count;
  rows.back() = 1;
  const ChunkGrid row_grid(rows, Shape(rank, 1));
  const std::size_t row_bytes = static_cast<std::size_t>(part.count.back()) * size;
  for (std::int64_t i = 0; i < row_grid.size(); ++i) {
    const Shape row = row_grid.coordinates(i);
    std::int64_t from = 0, to = 0;
    for (std::size_t d = 0; d < rank; ++d) {
      from = from * info_.chunk[d] + row[d];
      to = to * box.count[d] + row[d] + start[d] - box.start[d];
    }
    std::memcpy(out.data() + static_cast<std::size_t>(to) * size, chunk_.data() + static_cast<std::size_t>(from) * size,
                row_bytes);
  }
}

}  // namespace xylem
