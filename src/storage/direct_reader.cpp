#include "detail/direct_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "xylem/model/io.hpp"
#include "xylem/support/timer.hpp"

#include "detail/chunks.hpp"
#include "detail/compat.hpp"
#include "detail/copy_box.hpp"
#include "detail/extents.hpp"

namespace xylem {

std::unique_ptr<DirectReader> DirectReader::make(hid_t dataset, const DatasetInfo& info) {
  if (info.layout != Layout::chunked || info.filters.empty() || info.raw_edge_chunks || !info.dtype.standard) return nullptr;
  auto pipeline = FilterPipeline::make(info);
  return pipeline ? std::unique_ptr<DirectReader>(new DirectReader(dataset, info, std::move(*pipeline))) : nullptr;
}

DirectReader::DirectReader(hid_t dataset, const DatasetInfo& info, FilterPipeline pipeline)
    : dataset_(dataset), info_(info), chunk_bytes_(static_cast<std::size_t>(chunk_bytes(info))), pipeline_(std::move(pipeline)) {}

void DirectReader::fetch(const Box& box, const std::vector<Box>& parts, RawBlock& raw) {
  raw.box_ = box;
  raw.parts_ = parts;
  raw.chunks_.clear();
  for (std::size_t p = 0; p < parts.size(); ++p)
    for_each_chunk(info_, parts[p], [&](const Shape& start) { raw.chunks_.push_back({start, p}); });
  fetch_chunks(raw);
}

void DirectReader::read(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out) {
  raw_.box_ = box;
  raw_.parts_ = parts;
  raw_.chunks_.clear();
  const auto flush = [&] {
    fetch_chunks(raw_);
    decode(raw_, out);
    raw_.chunks_.clear();
  };
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for_each_chunk(info_, parts[p], [&](const Shape& start) {
      raw_.chunks_.push_back({start, p});
      if (raw_.chunks_.size() * chunk_bytes_ >= static_cast<std::size_t>(read_batch_bytes)) flush();
    });
  }
  flush();
}

// The size of a chunk's stored bytes; 0 where it was never written.
void DirectReader::find(RawBlock::Chunk& chunk) const {
  const std::vector<hsize_t> offset = h5::to_hsize(chunk.start);
  // Not H5Dget_chunk_info_by_coord, which HDF5 1.10 answers by walking the whole chunk index.
  hsize_t size = 0;
  if (H5Dget_chunk_storage_size(dataset_, offset.data(), &size) < 0) {
    const std::string reason = h5::last_error();
    if (reason == "chunk storage is not allocated") return;
    fail_chunk(info_, chunk.start, "HDF5: " + reason);
  }
  if (size == 0) {  // never written, as other releases put it, or damaged
    std::byte nothing{};
    if (h5::read_chunk(dataset_, offset.data(), chunk.mask, &nothing, 1) < 0) return;
    fail_chunk(info_, chunk.start, "it holds no bytes");
  }
  if (size > static_cast<hsize_t>(max_stored_bytes(info_)))
    fail_chunk(info_, chunk.start, fmt::format("it claims {} stored bytes for {} bytes of elements", size, chunk_bytes_));
  chunk.size = size;
}

void DirectReader::fetch_chunks(RawBlock& raw) {
  const auto hold = h5::hold_library();
  std::size_t bytes = 0;
  for (RawBlock::Chunk& chunk : raw.chunks_) {
    find(chunk);
    chunk.offset = bytes;
    bytes += chunk.size;
  }
  raw.reserve(bytes);
  for (RawBlock::Chunk& chunk : raw.chunks_) {
    if (chunk.size == 0) continue;
    const std::vector<hsize_t> offset = h5::to_hsize(chunk.start);
    if (h5::read_chunk(dataset_, offset.data(), chunk.mask, raw.bytes(chunk).data(), chunk.size) < 0)
      fail_chunk(info_, chunk.start, "HDF5: " + h5::last_error());
  }
}

void DirectReader::decode(const RawBlock& raw, std::span<std::byte> out) {
  const Timer timer;
  for (const RawBlock::Chunk& chunk : raw.chunks_) decode_chunk(raw, chunk, out);
  decode_seconds_ += timer.seconds();
}

void DirectReader::decode_chunk(const RawBlock& raw, const RawBlock::Chunk& chunk, std::span<std::byte> out) {
  const Box stored{chunk.start, info_.chunk};
  const Box part = intersection(clipped_chunk(info_, chunk.start), raw.parts_[chunk.part]);
  const auto size = static_cast<std::size_t>(info_.dtype.size);
  // Straight into place, where the chunk is wanted as it is.
  std::span<std::byte> target;
  const auto place = part == stored ? contiguous_in(part, raw.box_) : std::nullopt;
  if (place) {
    target = out.subspan(static_cast<std::size_t>(*place) * size, chunk_bytes_);
  } else {
    chunk_.resize(chunk_bytes_);
    target = chunk_;
  }
  if (chunk.size == 0) {
    write_fill(info_, target);
  } else if (const std::string problem = pipeline_.decode(raw.bytes(chunk), chunk.mask, target); !problem.empty()) {
    fail_chunk(info_, chunk.start, problem);
  }
  if (!place) copy_box(part, stored, chunk_.data(), raw.box_, out.data(), size);
}

}  // namespace xylem
