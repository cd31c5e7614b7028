#include "detail/direct_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "xylem/model/io.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/timer.hpp"

#include "detail/chunks.hpp"
#include "detail/rows.hpp"

namespace xylem {

DirectReader::DirectReader(hid_t file, hid_t dataset, const DatasetInfo& info)
    : dataset_(dataset),
      info_(info),
      file_(h5::open_file(file)),
      chunk_bytes_(static_cast<std::size_t>(chunk_bytes(info))),
      element_bytes_(static_cast<std::size_t>(info.dtype.size)),
      elements_(file_, info.dtype.size) {
  if (info.layout == Layout::contiguous) find_contiguous(dataset);
  if (!info.filters.empty()) pipeline_.emplace(info);
}

void DirectReader::find_contiguous(hid_t dataset) {
  const haddr_t address = H5Dget_offset(dataset);
  if (address == HADDR_UNDEF) return;
  const auto elements = num_elements(info_.shape);
  const auto bytes = elements ? checked_product(*elements, info_.dtype.size) : std::nullopt;
  const auto size = static_cast<haddr_t>(file_.size), stored = static_cast<haddr_t>(H5Dget_storage_size(dataset));
  if (!bytes || stored < static_cast<haddr_t>(*bytes) || address > size || static_cast<haddr_t>(*bytes) > size - address) {
    throw DataError("{} has {} bytes from byte {} on for its shape {}, in a file of {} bytes: the file is damaged",
                    info_.ref.describe(), stored, address, format_shape(info_.shape), size);
  }
  address_ = static_cast<std::int64_t>(address);
}

// Calls take() for the chunks of the parts, which then stand in `batch_`, so many at a time.
template <class Take>
void DirectReader::for_each_batch(const Box& box, const std::vector<Box>& parts, std::size_t chunks, const Take& take) {
  batch_.box_ = box;
  batch_.parts_ = parts;
  batch_.chunks_.clear();
  const auto flush = [&] {
    find_chunks(batch_);
    take();
    batch_.chunks_.clear();
  };
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for_each_chunk(info_, parts[p], [&](const Shape& start) {
      batch_.chunks_.push_back({start, p});
      if (batch_.chunks_.size() >= chunks) flush();
    });
  }
  flush();
}

void DirectReader::fetch(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out, RawBlock& raw) {
  raw.chunks_.clear();
  if (info_.layout == Layout::contiguous) return read_contiguous(box, parts, out);
  if (!decodes()) return for_each_batch(box, parts, read_batch_chunks, [&] { read_elements(batch_, out); });
  locate(box, parts, raw);
  fetch_stored(raw);
}

void DirectReader::locate(const Box& box, const std::vector<Box>& parts, RawBlock& raw) {
  raw.box_ = box;
  raw.parts_ = parts;
  raw.chunks_.clear();
  for (std::size_t p = 0; p < parts.size(); ++p)
    for_each_chunk(info_, parts[p], [&](const Shape& start) { raw.chunks_.push_back({start, p}); });
  find_chunks(raw);
  place_chunks(raw);
}

void DirectReader::read(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out) {
  if (!decodes()) return fetch(box, parts, out, batch_);
  const std::size_t chunks = std::clamp<std::size_t>(read_batch_bytes / chunk_bytes_, 1, read_batch_chunks);
  for_each_batch(box, parts, chunks, [&] {
    place_chunks(batch_);
    fetch_stored(batch_);
    decode(batch_, out);
  });
}

// The place of a chunk's stored bytes; its size stays 0 where it was never written.
void DirectReader::find(RawBlock::Chunk& chunk) const {
  std::array<hsize_t, H5S_MAX_RANK> offset{};
  std::ranges::copy(chunk.start, offset.begin());
  const auto place = h5::find_chunk(dataset_, offset.data());
  if (!place) {
    const std::string reason = h5::last_error();
    hsize_t size = 0;
    if (H5Dget_chunk_storage_size(dataset_, offset.data(), &size) < 0) {
      if (h5::last_error() == "chunk storage is not allocated") return;
    } else if (size == 0) {  // never written, as other releases put it
      return;
    }
    fail_chunk(info_, chunk.start, "HDF5: " + reason);
  }
  if (place->size == 0) fail_chunk(info_, chunk.start, "it holds no bytes");
  const auto most = static_cast<std::uint64_t>(max_stored_bytes(info_));
  if (place->size > most || (!decodes() && place->size != chunk_bytes_))
    fail_chunk(info_, chunk.start, fmt::format("it claims {} stored bytes for {} bytes of elements", place->size, chunk_bytes_));
  const auto file_size = static_cast<std::uint64_t>(file_.size);
  if (place->address > file_size || place->size > file_size - place->address) {
    fail_chunk(info_, chunk.start,
               fmt::format("it claims {} bytes from byte {} on, in a file of {}", place->size, place->address, file_size));
  }
  chunk.address = static_cast<std::int64_t>(place->address);
  chunk.size = place->size;
  chunk.mask = place->mask;
}

// Finds all chunks, and brings them into the order in which they lie in the file.
void DirectReader::find_chunks(RawBlock& raw) const {
  {
    const auto hold = h5::hold_library();
    for (RawBlock::Chunk& chunk : raw.chunks_) find(chunk);
  }
  std::ranges::sort(raw.chunks_, {}, &RawBlock::Chunk::address);
}

// Makes room for the stored bytes of all chunks, in their order.
void DirectReader::place_chunks(RawBlock& raw) {
  std::size_t bytes = 0;
  for (RawBlock::Chunk& chunk : raw.chunks_) {
    chunk.offset = bytes;
    bytes += chunk.size;
  }
  raw.bytes_.reserve(bytes);
}

// Reads the stored bytes of all chunks, those that are neighbours in the file at once.
void DirectReader::fetch_stored(RawBlock& raw) {
  for (std::size_t first = 0, next = 0; first < raw.chunks_.size(); first = next) {
    const RawBlock::Chunk& chunk = raw.chunks_[first];
    std::size_t run = chunk.size;
    for (next = first + 1; next < raw.chunks_.size(); ++next) {
      if (raw.chunks_[next].address != chunk.address + static_cast<std::int64_t>(run)) break;
      run += raw.chunks_[next].size;
    }
    const std::string problem = elements_.read_bytes(chunk.address, {raw.bytes(chunk).data(), run});
    if (!problem.empty()) fail_chunk(info_, chunk.start, problem);
  }
}

void DirectReader::read_contiguous(const Box& box, const std::vector<Box>& parts, std::span<std::byte> out) {
  const Box all{Shape(info_.shape.size(), 0), info_.shape};
  for (const Box& part : parts) {
    if (part.size() == 0) continue;
    if (address_ < 0) {
      fill(part, box, out);
    } else if (const std::string problem = elements_.read(address_, all, part, box, out.data()); !problem.empty()) {
      throw DataError("elements {} of {} cannot be read ({}): the file is damaged", format_box(part), info_.ref.describe(),
                      problem);
    }
  }
}

// The elements of a chunk that are wanted.
Box DirectReader::part_of(const RawBlock& raw, const RawBlock::Chunk& chunk) const {
  return intersection({chunk.start, info_.chunk}, raw.parts_[chunk.part]);  // parts lie within the shape
}

// Where the bytes of a chunk go, if all of it is wanted and stays together.
std::optional<std::size_t> DirectReader::place_of(const RawBlock& raw, const RawBlock::Chunk& chunk) const {
  const Box &part = raw.parts_[chunk.part], &box = raw.box_;
  bool single = true;  // the chunk has one element along each of the dims so far
  std::int64_t element = 0;
  for (std::size_t d = 0; d < chunk.start.size(); ++d) {
    const std::int64_t start = chunk.start[d], count = info_.chunk[d];
    if (start < part.start[d] || start - part.start[d] > part.count[d] - count) return std::nullopt;
    if (!single && count != box.count[d]) return std::nullopt;
    single = single && count == 1;
    element = element * box.count[d] + start - box.start[d];
  }
  return static_cast<std::size_t>(element) * element_bytes_;
}

void DirectReader::fill(const Box& part, const Box& box, std::span<std::byte> out) const {
  const Rows rows(part, box, box, info_.dtype.size);
  const auto bytes = static_cast<std::size_t>(rows.bytes());
  rows.for_each([&](std::int64_t, std::int64_t to) { write_fill(info_, out.subspan(static_cast<std::size_t>(to), bytes)); });
}

// Reads chunks that are stored as they are. Neighbours in the file that go to neighbouring places, or are small, are read at
// once.
void DirectReader::read_elements(const RawBlock& raw, std::span<std::byte> out) {
  const std::span<const RawBlock::Chunk> chunks(raw.chunks_);
  const auto follows = [&](std::size_t next, std::size_t first) {
    return chunks[next].size > 0 &&
           chunks[next].address == chunks[first].address + static_cast<std::int64_t>((next - first) * chunk_bytes_);
  };
  for (std::size_t first = 0, next = 0; first < chunks.size(); first = next) {
    const RawBlock::Chunk& chunk = chunks[first];
    next = first + 1;
    if (chunk.size == 0) {
      fill(part_of(raw, chunk), raw.box_, out);
    } else if (const auto place = place_of(raw, chunk)) {
      while (next < chunks.size() && follows(next, first) &&
             place_of(raw, chunks[next]) == *place + (next - first) * chunk_bytes_)
        ++next;
      const std::string problem = elements_.read_bytes(chunk.address, out.subspan(*place, (next - first) * chunk_bytes_));
      if (!problem.empty()) fail_chunk(info_, chunk.start, problem);
    } else if (chunk_bytes_ <= staging_bytes) {
      while (next < chunks.size() && follows(next, first) && (next - first + 1) * chunk_bytes_ <= staging_bytes) ++next;
      read_staged(raw, chunks.subspan(first, next - first), out);
    } else {
      const Box stored{chunk.start, info_.chunk};
      const std::string problem = elements_.read(chunk.address, stored, part_of(raw, chunk), raw.box_, out.data());
      if (!problem.empty()) fail_chunk(info_, chunk.start, problem);
    }
  }
}

// Reads small chunks that are neighbours in the file, and copies what is wanted of them into place.
void DirectReader::read_staged(const RawBlock& raw, std::span<const RawBlock::Chunk> run, std::span<std::byte> out) {
  const std::span<std::byte> bytes = elements_.staging().first(run.size() * chunk_bytes_);
  const std::string problem = elements_.read_bytes(run.front().address, bytes);
  if (!problem.empty()) fail_chunk(info_, run.front().start, problem);
  for (std::size_t i = 0; i < run.size(); ++i) {
    copy_box(part_of(raw, run[i]), {run[i].start, info_.chunk}, bytes.data() + i * chunk_bytes_, raw.box_, out.data(),
             info_.dtype.size);
  }
}

void DirectReader::decode(const RawBlock& raw, std::span<std::byte> out) {
  if (raw.chunks_.empty()) return;
  XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == raw.box_.size() * info_.dtype.size, "the buffer fits the box");
  const Timer timer;
  for (const RawBlock::Chunk& chunk : raw.chunks_) decode_chunk(raw, chunk, out);
  decode_seconds_ += timer.seconds();
}

void DirectReader::decode_chunk(const RawBlock& raw, const RawBlock::Chunk& chunk, std::span<std::byte> out) {
  const Box part = part_of(raw, chunk);
  const Box stored{chunk.start, info_.chunk};
  if (chunk.size == 0) return fill(part, raw.box_, out);
  if (!pipeline_) return copy_box(part, stored, raw.bytes(chunk).data(), raw.box_, out.data(), info_.dtype.size);
  // Straight into place, where the chunk is wanted as it is.
  const auto place = place_of(raw, chunk);
  if (!place) chunk_.resize(chunk_bytes_);
  const std::span<std::byte> target = place ? out.subspan(*place, chunk_bytes_) : std::span(chunk_);
  const bool is_edge = clipped_chunk(info_, chunk.start).count != info_.chunk;
  const std::uint32_t mask = info_.raw_edge_chunks && is_edge ? ~std::uint32_t{0} : chunk.mask;
  const std::string problem = pipeline_->decode(raw.bytes(chunk), mask, target);
  if (!problem.empty()) fail_chunk(info_, chunk.start, problem);
  if (!place) copy_box(part, stored, chunk_.data(), raw.box_, out.data(), info_.dtype.size);
}

}  // namespace xylem
