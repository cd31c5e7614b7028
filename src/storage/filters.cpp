#include "detail/filters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "xylem/model/io.hpp"

#include "detail/shuffles.hpp"

namespace xylem {
namespace {

constexpr std::size_t checksum_bytes = 4;

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

std::string FilterPipeline::decode(std::span<const std::byte> raw, std::uint32_t mask, std::span<std::byte> out) {
  // The last filter applied is the first undone. One of them compresses at most: what it was given has the size of the elements
  // and of the checksums that were added before.
  std::size_t expected = out.size();
  std::vector<std::size_t> sizes;  // of the data that each filter was given, up to the one that compresses
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    sizes.push_back(expected);
    if ((mask >> i & 1U) == 0 && filters_[i].id == filters::fletcher32) expected += checksum_bytes;
  }
  std::size_t left = filters_.size(), turn = 0;
  for (std::size_t i = 0; i < filters_.size(); ++i) left -= mask >> i & 1U;
  for (std::size_t i = filters_.size(); i-- > 0;) {
    if ((mask >> i & 1U) != 0) continue;
    if (filters_[i].id == filters::fletcher32) {
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
    const std::size_t size = compresses(filters_[i]) ? sizes[i] : raw.size();
    if (is_last && size != out.size()) return fmt::format("it decodes to {} bytes instead of {}", size, out.size());
    std::vector<std::byte>& step = steps_[turn ^= 1];
    if (!is_last) step.resize(size);
    const std::span<std::byte> target = is_last ? out : std::span(step);
    if (filters_[i].id == filters::shuffle) {
      unshuffle(raw, target, filters_[i].parameters[0]);
    } else if (std::string problem = codecs_.decode(filters_[i], raw, target); !problem.empty()) {
      return problem;
    }
    if (is_last) return {};
    raw = step;
  }
  if (raw.size() != out.size()) return fmt::format("it holds {} bytes instead of {}", raw.size(), out.size());
  std::memcpy(out.data(), raw.data(), out.size());
  return {};
}

}  // namespace xylem
