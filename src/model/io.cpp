#include "xylem/model/io.hpp"

#include <algorithm>

namespace xylem {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 56;  // HDF5 allows chunks of 4 GiB; a damaged file may claim more

// a * b, where that is at most `most`.
std::int64_t limited_product(std::int64_t a, std::int64_t b) noexcept {
  return std::min(checked_product(a, b).value_or(most), most);
}

// What is noted of each chunk while its bytes are on their way.
constexpr std::int64_t chunk_note = 256;

}  // namespace

std::int64_t chunk_bytes(const DatasetInfo& info) noexcept {
  if (info.layout != Layout::chunked) return 0;
  return limited_product(num_elements(info.chunk).value_or(most), info.dtype.size);
}

std::int64_t max_stored_bytes(const DatasetInfo& info) noexcept {
  const std::int64_t bytes = chunk_bytes(info);
  return info.filters.empty() ? bytes : bytes + bytes / 8 + 1024;
}

std::int64_t usual_stored_bytes(const DatasetInfo& info, const StorageSummary& storage) noexcept {
  if (storage.allocated_chunks <= 0) return max_stored_bytes(info);
  const std::int64_t mean = storage.stored_bytes / storage.allocated_chunks;
  return std::min(max_stored_bytes(info), mean + mean / 8);
}

std::int64_t raw_block_bytes(const DatasetInfo& info, const Shape& count, bool aligned) noexcept {
  if (info.layout != Layout::chunked || info.filters.empty()) return 0;
  std::int64_t chunks = 1;
  for (std::size_t d = 0; d < count.size(); ++d) {
    const std::int64_t chunk = info.chunk[d], along = (info.shape[d] - 1) / chunk + 1;
    const std::int64_t touched = (std::max<std::int64_t>(1, count[d]) - 1) / chunk + 1 + (aligned ? 0 : 1);
    chunks = limited_product(chunks, std::min(along, touched));
  }
  return limited_product(chunks, max_stored_bytes(info) + chunk_note);
}

std::int64_t decoding_bytes(const DatasetInfo& info) noexcept {
  return info.filters.empty() ? chunk_bytes(info) : 2 * max_stored_bytes(info);
}

std::int64_t decoding_bytes(const DatasetInfo& info, const Shape& count) noexcept {
  if (info.layout != Layout::chunked || info.filters.empty()) return decoding_bytes(info);
  // A chunk is in one piece in a block that has several along its first dims alone, and that no edge of the array cuts.
  bool in_place = true, several = false;
  for (std::size_t d = count.size(); d-- > 0;) {
    in_place = in_place && info.shape[d] % info.chunk[d] == 0 && (!several || info.chunk[d] == 1);
    several = several || count[d] > info.chunk[d];
  }
  const auto steps = std::min<std::int64_t>(2, std::ssize(info.filters) - 1);
  return (steps + (in_place ? 0 : 1)) * chunk_bytes(info);
}

std::int64_t read_bytes(const DatasetInfo& info) noexcept {
  if (info.layout != Layout::chunked) return 0;
  if (info.filters.empty()) return decoding_bytes(info);
  const std::int64_t chunk = std::max<std::int64_t>(1, max_stored_bytes(info));
  const std::int64_t all = raw_block_bytes(info, info.shape);
  return std::min(all, (read_batch_bytes / chunk + 1) * (chunk + chunk_note)) + decoding_bytes(info);
}

std::int64_t usual_read_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count) noexcept {
  if (info.layout != Layout::chunked || info.filters.empty()) return read_bytes(info);
  const std::int64_t usual = usual_stored_bytes(info, storage) + chunk_note;
  const std::int64_t chunks = (read_batch_bytes - 1) / std::max<std::int64_t>(1, chunk_bytes(info)) + 1;
  return limited_product(chunks, usual) + decoding_bytes(info, count);
}

}  // namespace xylem
