#include "xylem/model/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

constexpr std::array<std::pair<std::string_view, IoStrategy>, 4> strategies{{
    {"automatic", IoStrategy::automatic},
    {"direct", IoStrategy::direct},
    {"hyperslab", IoStrategy::hyperslab},
    {"collective", IoStrategy::collective},
}};

constexpr std::int64_t most = std::int64_t{1} << 56;  // HDF5 allows chunks of 4 GiB; a damaged file may claim more

// a * b, where that is at most `most`.
std::int64_t limited_product(std::int64_t a, std::int64_t b) noexcept {
  return std::min(checked_product(a, b).value_or(most), most);
}

// What is noted of each chunk while it is read: by us, and by HDF5.
constexpr std::int64_t chunk_note = 256;
constexpr std::int64_t hdf5_chunk_note = std::int64_t{7} << 10;

// Chunks that a box may touch.
std::int64_t chunks_touched(const DatasetInfo& info, const Shape& count, bool aligned) noexcept {
  std::int64_t chunks = 1;
  for (std::size_t d = 0; d < count.size(); ++d) {
    const std::int64_t chunk = info.chunk[d], along = (std::max<std::int64_t>(1, info.shape[d]) - 1) / chunk + 1;
    const std::int64_t touched = (std::max<std::int64_t>(1, count[d]) - 1) / chunk + 1 + (aligned ? 0 : 1);
    chunks = limited_product(chunks, std::min(along, touched));
  }
  return chunks;
}

}  // namespace

std::string_view io_strategy_name(IoStrategy strategy) noexcept { return strategies[static_cast<std::size_t>(strategy)].first; }

IoStrategy parse_io_strategy(std::string_view name) {
  if (name == "auto") return IoStrategy::automatic;
  for (const auto& [known, strategy] : strategies) {
    if (name == known) return strategy;
  }
  throw UsageError("there is no way to read called '{}': choose automatic, direct, hyperslab or collective", name);
}

BitshuffleOptions bitshuffle_options(const FilterInfo& filter) {
  XYLEM_EXPECT(filter.id == filters::bitshuffle && filter.parameters.size() > 2 && filter.parameters[2] > 0, "known parameters");
  BitshuffleOptions options;
  options.element_size = filter.parameters[2];
  options.block_elements = filter.parameters.size() > 3 ? filter.parameters[3] : 0;
  // As the filter has it: blocks of about 8 KiB, of multiples of 8 elements, 128 at least.
  if (options.block_elements == 0) options.block_elements = std::max<std::int64_t>(128, 8192 / options.element_size / 8 * 8);
  const std::uint32_t codec = filter.parameters.size() > 4 ? filter.parameters[4] : 0;
  options.codec = codec == 2   ? BitshuffleOptions::Codec::lz4
                  : codec == 3 ? BitshuffleOptions::Codec::zstd
                               : BitshuffleOptions::Codec::none;
  return options;
}

bool decodes_filter(const FilterInfo& filter) noexcept {
  switch (filter.id) {
    case filters::deflate:
    case filters::fletcher32:
    case filters::lzf:
    case filters::blosc:
    case filters::lz4:
    case filters::zstd: return true;
    case filters::shuffle: return !filter.parameters.empty() && filter.parameters[0] > 0;
    case filters::bitshuffle:
      return filter.parameters.size() > 2 && filter.parameters[2] > 0 &&
             (filter.parameters.size() < 4 || filter.parameters[3] % 8 == 0);
    default: return false;
  }
}

bool compresses(const FilterInfo& filter) {
  return filter.id != filters::shuffle && filter.id != filters::fletcher32 &&
         (filter.id != filters::bitshuffle || bitshuffle_options(filter).codec != BitshuffleOptions::Codec::none);
}

IoChoice choose_io(const DatasetInfo& info) {
  using enum IoStrategy;
  if (info.null) return {hyperslab, "it has no elements"};
  if (!info.dtype.is_numeric() || !info.dtype.standard) return {hyperslab, "HDF5 converts its elements"};
  switch (info.layout) {
    case Layout::compact: return {hyperslab, "it is stored in its header"};
    case Layout::virtual_dataset: return {hyperslab, "its elements are in other datasets"};
    case Layout::external: return {hyperslab, "its elements are in other files"};
    case Layout::contiguous: return {direct, "contiguous"};
    case Layout::chunked: break;
  }
  if (info.filters.empty()) return {direct, "chunks without filters"};
  int compressions = 0;
  for (const FilterInfo& filter : info.filters) {
    const std::string name = filter.name.empty() ? fmt::format("number {}", filter.id) : fmt::format("'{}'", filter.name);
    if (!decodes_filter(filter)) return {hyperslab, fmt::format("HDF5 decodes the filter {}", name)};
    if (compresses(filter) && ++compressions > 1) return {hyperslab, "it is compressed twice"};
  }
  return {direct, "we decode its filters"};
}

std::int64_t chunk_bytes(const DatasetInfo& info) noexcept {
  if (info.layout != Layout::chunked) return 0;
  return limited_product(num_elements(info.chunk).value_or(most), info.dtype.size);
}

std::int64_t max_stored_bytes(const DatasetInfo& info) noexcept {
  const std::int64_t bytes = chunk_bytes(info);
  return info.filters.empty() ? bytes : bytes + bytes / 8 + 1024;
}

std::int64_t raw_block_bytes(const DatasetInfo& info, const Shape& count, bool aligned) {
  if (info.filters.empty() || choose_io(info).strategy != IoStrategy::direct) return 0;
  return limited_product(chunks_touched(info, count, aligned), max_stored_bytes(info) + chunk_note);
}

std::int64_t hdf5_read_bytes(const DatasetInfo& info, const Shape& count) {
  if (info.layout != Layout::chunked) return 0;
  // A raw and a decoded chunk, and the notes.
  const std::int64_t chunks = std::min(chunks_touched(info, count, false), hdf5_read_chunks);
  return (info.filters.empty() ? 1 : 3) * chunk_bytes(info) + chunks * hdf5_chunk_note;
}

std::int64_t decoding_bytes(const DatasetInfo& info, const Shape& count) {
  if (info.layout != Layout::chunked && info.layout != Layout::contiguous) return 0;
  if (choose_io(info).strategy != IoStrategy::direct) return hdf5_read_bytes(info, count);
  if (info.filters.empty()) {
    constexpr auto most_chunks = static_cast<std::int64_t>(read_batch_chunks), staging = static_cast<std::int64_t>(staging_bytes);
    if (info.layout == Layout::contiguous) return staging + most_chunks * chunk_note;
    const std::int64_t chunks = chunks_touched(info, count, false);
    return std::min(staging, limited_product(chunks, chunk_bytes(info))) + std::min(most_chunks, chunks) * chunk_note;
  }
  // Steps between filters, and a chunk on its way to its place; bitshuffle's blocks may be as large as a chunk.
  const bool blocks = std::ranges::any_of(info.filters, [](const FilterInfo& f) { return f.id == filters::bitshuffle; });
  return (blocks ? 4 : 2) * max_stored_bytes(info);
}

std::int64_t read_bytes(const DatasetInfo& info, const Shape& count) {
  const std::int64_t decoding = decoding_bytes(info, count), all = raw_block_bytes(info, count, false);
  if (all == 0) return decoding;
  const std::int64_t chunk = max_stored_bytes(info) + chunk_note;
  const auto chunks = std::clamp<std::int64_t>(read_batch_bytes / chunk_bytes(info), 1, read_batch_chunks);
  return decoding + std::min(all, chunks * chunk);
}

std::int64_t usual_stored_bytes(const DatasetInfo& info, const StorageSummary& storage) noexcept {
  if (storage.allocated_chunks <= 0) return max_stored_bytes(info);
  const std::int64_t mean = storage.stored_bytes / storage.allocated_chunks;
  return std::min(max_stored_bytes(info), mean + mean / 8);
}

std::int64_t usual_raw_block_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count) {
  if (raw_block_bytes(info, count) == 0) return 0;
  return limited_product(chunks_touched(info, count, true), usual_stored_bytes(info, storage) + chunk_note);
}

std::int64_t usual_decoding_bytes(const DatasetInfo& info, const Shape& count) {
  const std::int64_t most_decoding = decoding_bytes(info, count);
  if (raw_block_bytes(info, count) == 0) return most_decoding;
  // A chunk is in one piece in a block that has several along its first dims alone, and that no edge of the array cuts.
  bool in_place = true, several = false;
  for (std::size_t d = count.size(); d-- > 0;) {
    in_place = in_place && info.shape[d] % info.chunk[d] == 0 && (!several || info.chunk[d] == 1);
    several = several || count[d] > info.chunk[d];
  }
  const bool blocks = std::ranges::any_of(info.filters, [](const FilterInfo& f) { return f.id == filters::bitshuffle; });
  const std::int64_t steps = std::min<std::int64_t>(2, std::ssize(info.filters) - 1) + (blocks ? 2 : 0);
  return std::min(most_decoding, (steps + (in_place ? 0 : 1)) * chunk_bytes(info));
}

std::int64_t usual_read_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count) {
  const std::int64_t decoding = usual_decoding_bytes(info, count), all = usual_raw_block_bytes(info, storage, count);
  const std::int64_t batch = (read_batch_bytes - 1) / std::max<std::int64_t>(1, chunk_bytes(info)) + 1;
  return decoding + std::min(all, limited_product(batch, usual_stored_bytes(info, storage) + chunk_note));
}

std::int64_t collective_bytes(const DatasetInfo& info, const Shape& count) {
  const bool chunked = info.layout == Layout::chunked;
  std::int64_t wanted =
      chunked ? limited_product(chunks_touched(info, count, false), max_stored_bytes(info) + chunk_note) : info.dtype.size;
  for (std::size_t d = 0; !chunked && d < count.size(); ++d)
    wanted = limited_product(wanted, std::max<std::int64_t>(1, count[d]));
  // What is read, what is sent, what comes, requests; and all of the chunks that this rank decodes.
  return decoding_bytes(info, count) + 4 * std::min(collective_round_bytes, wanted) + (chunked ? wanted : 0);
}

}  // namespace xylem
