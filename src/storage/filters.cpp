#include "detail/filters.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

namespace xylem {
namespace {

constexpr std::size_t checksum_bytes = 4;

// Shuffle stores the first bytes of all elements, then all second bytes, ...; what is left over at the end stands as it is.
template <std::size_t Size>
void unshuffle(const std::byte* in, std::byte* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < Size; ++b) out[i * Size + b] = in[b * count + i];
  }
}

void unshuffle(std::span<const std::byte> in, std::byte* out, std::size_t size) {
  const std::size_t count = in.size() / size;
  switch (size) {
    case 2: unshuffle<2>(in.data(), out, count); break;
    case 4: unshuffle<4>(in.data(), out, count); break;
    case 8: unshuffle<8>(in.data(), out, count); break;
    default:
      for (std::size_t b = 0; b < size; ++b) {
        for (std::size_t i = 0; i < count; ++i) out[i * size + b] = in[b * count + i];
      }
  }
  std::memcpy(out + count * size, in.data() + count * size, in.size() - count * size);
}

// HDF5's variant of Fletcher's checksum: 16-bit big-endian words, sums modulo 65535.
std::uint32_t fletcher32(std::span<const std::byte> data) {
  std::uint64_t sum1 = 0, sum2 = 0;
  const std::size_t words = data.size() / 2;
  for (std::size_t begin = 0; begin < words; begin += 360) {
    for (std::size_t i = begin; i < std::min(words, begin + 360); ++i) {
      sum1 += std::to_integer<std::uint32_t>(data[2 * i]) << 8 | std::to_integer<std::uint32_t>(data[2 * i + 1]);
      sum2 += sum1;
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  if (data.size() % 2 != 0) {
    sum1 += std::to_integer<std::uint32_t>(data.back()) << 8;
    sum2 += sum1;
  }
  for (int fold = 0; fold < 4; ++fold) {
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  return static_cast<std::uint32_t>(sum2 << 16 | sum1);
}

bool checksum_matches(std::span<const std::byte> data, std::uint32_t stored) {
  const std::uint32_t sum = fletcher32(data);
  // HDF5 before 1.6.3 stored the bytes of each half in the other order; it reads both, and so do we.
  const std::uint32_t swapped = (sum & 0x00ff00ffU) << 8 | (sum & 0xff00ff00U) >> 8;
  return stored == sum || stored == swapped;
}

}  // namespace

void FilterPipeline::FreeDecompressor::operator()(libdeflate_decompressor* decompressor) const {
  libdeflate_free_decompressor(decompressor);
}

std::optional<FilterPipeline> FilterPipeline::make(const DatasetInfo& info) {
  FilterPipeline pipeline;
  for (const FilterInfo& filter : info.filters) {
    const bool shuffle = filter.id == H5Z_FILTER_SHUFFLE && !filter.parameters.empty() && filter.parameters[0] > 0;
    if (!shuffle && filter.id != H5Z_FILTER_DEFLATE && filter.id != H5Z_FILTER_FLETCHER32) return std::nullopt;
  }
  pipeline.filters_ = info.filters;
  pipeline.decompressor_.reset(libdeflate_alloc_decompressor());
  if (!pipeline.decompressor_) throw std::bad_alloc();
  return pipeline;
}

std::string FilterPipeline::decode(std::span<const std::byte> raw, std::uint32_t mask, std::span<std::byte> out) {
  // The last filter applied is the first undone. Checksums that were added before a compression come out of it with the data.
  std::size_t expected = out.size();
  std::vector<std::size_t> sizes;  // of the data that each filter was given when the chunk was written
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    sizes.push_back(expected);
    if ((mask >> i & 1U) == 0 && filters_[i].id == H5Z_FILTER_FLETCHER32) expected += checksum_bytes;
  }
  std::size_t left = filters_.size();
  for (std::size_t i = 0; i < filters_.size(); ++i) left -= mask >> i & 1U;
  for (std::size_t i = filters_.size(); i-- > 0;) {
    if ((mask >> i & 1U) != 0) continue;
    if (filters_[i].id == H5Z_FILTER_FLETCHER32) {
      --left;
      if (raw.size() < checksum_bytes) return "it is too short to hold its checksum";
      std::uint32_t stored = 0;
      for (std::size_t b = checksum_bytes; b-- > 0;)
        stored = stored << 8 | std::to_integer<std::uint32_t>(raw[raw.size() - checksum_bytes + b]);
      raw = raw.first(raw.size() - checksum_bytes);
      if (!checksum_matches(raw, stored)) return "its fletcher32 checksum does not match";
      continue;
    }
    // The last step writes where the elements are wanted, without a copy.
    const bool is_last = --left == 0;
    std::vector<std::byte>& step = steps_[left % 2];
    if (!is_last) step.resize(sizes[i]);
    std::byte* const target = is_last ? out.data() : step.data();
    if (filters_[i].id == H5Z_FILTER_SHUFFLE) {
      if (raw.size() != sizes[i]) return fmt::format("it decodes to {} bytes instead of {}", raw.size(), sizes[i]);
      unshuffle(raw, target, filters_[i].parameters[0]);
    } else {
      std::size_t length = 0;
      const auto result = libdeflate_zlib_decompress(decompressor_.get(), raw.data(), raw.size(), target, sizes[i], &length);
      if (result != LIBDEFLATE_SUCCESS || length != sizes[i]) return "its deflate stream is damaged";
    }
    if (is_last) return {};
    raw = step;
  }
  if (raw.size() != out.size()) return fmt::format("it holds {} bytes instead of {}", raw.size(), out.size());
  std::memcpy(out.data(), raw.data(), out.size());
  return {};
}

}  // namespace xylem
