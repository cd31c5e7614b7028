#include "detail/codecs.hpp"

#include <blosc.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>

#include "xylem/model/io.hpp"
#include "xylem/support/contract.hpp"

#include "detail/shuffles.hpp"

namespace xylem {
namespace {

// LZ4 counts with int.
constexpr auto lz4_limit = static_cast<std::size_t>(std::numeric_limits<int>::max());

std::string damaged(const char* codec) { return std::string("its ") + codec + " stream is damaged"; }

// Takes bytes off the front of a stream.
class Stream {
 public:
  explicit Stream(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // A big-endian number of so many bytes.
  std::optional<std::uint64_t> number(std::size_t size) {
    const auto bytes = take(size);
    if (!bytes) return std::nullopt;
    std::uint64_t value = 0;
    for (const std::byte byte : *bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
  }
  std::optional<std::span<const std::byte>> take(std::uint64_t size) {
    if (size > bytes_.size()) return std::nullopt;
    const auto front = bytes_.first(static_cast<std::size_t>(size));
    bytes_ = bytes_.subspan(front.size());
    return front;
  }
  // The next block, behind its size in 4 bytes.
  std::optional<std::span<const std::byte>> block() {
    const auto size = number(4);
    return size ? take(*size) : std::nullopt;
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

bool decode_lz4_block(std::span<const std::byte> in, std::span<std::byte> out) {
  if (in.size() > lz4_limit || out.size() > lz4_limit) return false;
  const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                                       static_cast<int>(in.size()), static_cast<int>(out.size()));
  return size >= 0 && static_cast<std::size_t>(size) == out.size();
}

// 8 bytes with the size of all, 4 with that of a block; then the blocks, each behind its size, as they are if they did not
// shrink.
std::string decode_lz4(std::span<const std::byte> in, std::span<std::byte> out) {
  Stream stream(in);
  const auto size = stream.number(8), block_size = stream.number(4);
  if (!size || !block_size || *size != out.size() || *block_size == 0) return damaged("lz4");
  while (!out.empty()) {
    const auto target = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(*block_size, out.size())));
    const auto block = stream.block();
    if (!block) return damaged("lz4");
    if (block->size() == target.size()) {
      std::ranges::copy(*block, target.begin());
    } else if (!decode_lz4_block(*block, target)) {
      return damaged("lz4");
    }
    out = out.subspan(target.size());
  }
  return stream.empty() ? std::string{} : damaged("lz4");
}

// LZF (http://oldhome.schmorp.de/marc/liblzf.html): a byte below 32 says how many bytes follow as they are, less one; any other
// begins a reference to what came before: three bits of length (and a further byte where they are all set), 13 of distance.
std::string decode_lzf(std::span<const std::byte> in, std::span<std::byte> out) {
  std::size_t from = 0, to = 0;
  const auto next = [&] { return from < in.size() ? std::to_integer<std::size_t>(in[from++]) : 0; };
  while (from < in.size()) {
    const std::size_t control = next();
    if (control < 32) {
      const std::size_t count = control + 1;
      if (count > in.size() - from || count > out.size() - to) return damaged("lzf");
      std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin() + static_cast<std::ptrdiff_t>(to));
      from += count;
      to += count;
      continue;
    }
    if (in.size() - from < (control >> 5 == 7 ? 2 : 1)) return damaged("lzf");
    const std::size_t count = (control >> 5) + (control >> 5 == 7 ? next() : 0) + 2;
    const std::size_t distance = ((control & 31) << 8 | next()) + 1;
    if (distance > to || count > out.size() - to) return damaged("lzf");
    for (std::size_t i = 0; i < count; ++i, ++to) out[to] = out[to - distance];  // it may reach into what it writes
  }
  return to == out.size() ? std::string{} : damaged("lzf");
}

std::string decode_blosc(std::span<const std::byte> in, std::span<std::byte> out) {
  std::size_t size = 0;
  if (blosc_cbuffer_validate(in.data(), in.size(), &size) < 0 || size != out.size()) return damaged("blosc");
  const int decoded = blosc_decompress_ctx(in.data(), out.data(), out.size(), 1);
  return decoded >= 0 && static_cast<std::size_t>(decoded) == out.size() ? std::string{} : damaged("blosc");
}

}  // namespace

Codecs::Codecs() = default;
Codecs::~Codecs() = default;
Codecs::Codecs(Codecs&&) noexcept = default;

void Codecs::Free::operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
void Codecs::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

std::string Codecs::decode(const FilterInfo& filter, std::span<const std::byte> in, std::span<std::byte> out) {
  switch (filter.id) {
    case filters::deflate: return deflate(in, out);
    case filters::lzf: return decode_lzf(in, out);
    case filters::blosc: return decode_blosc(in, out);
    case filters::lz4: return decode_lz4(in, out);
    case filters::bitshuffle: return bitshuffle(filter, in, out);
    case filters::zstd: return zstd(in, out);
    default: throw InternalError("no decoder for filter {}", filter.id);
  }
}

std::string Codecs::deflate(std::span<const std::byte> in, std::span<std::byte> out) {
  if (!deflate_) deflate_.reset(libdeflate_alloc_decompressor());
  if (!deflate_) throw std::bad_alloc();
  std::size_t size = 0;
  const auto result = libdeflate_zlib_decompress(deflate_.get(), in.data(), in.size(), out.data(), out.size(), &size);
  return result == LIBDEFLATE_SUCCESS && size == out.size() ? std::string{} : damaged("deflate");
}

std::string Codecs::zstd(std::span<const std::byte> in, std::span<std::byte> out) {
  if (!zstd_) zstd_.reset(ZSTD_createDCtx());
  if (!zstd_) throw std::bad_alloc();
  const std::size_t size = ZSTD_decompressDCtx(zstd_.get(), out.data(), out.size(), in.data(), in.size());
  return ZSTD_isError(size) == 0 && size == out.size() ? std::string{} : damaged("zstd");
}

// Elements are shuffled in blocks of multiples of 8, of which the last may be smaller; fewer than 8 at the end stand as they are.
// Compressed, the size of all stands before them in 8 bytes and that of a block in 4, and each block behind its size.
std::string Codecs::bitshuffle(const FilterInfo& filter, std::span<const std::byte> in, std::span<std::byte> out) {
  const BitshuffleOptions options = bitshuffle_options(filter);
  const auto element = static_cast<std::size_t>(options.element_size);
  auto block_bytes = static_cast<std::uint64_t>(options.block_elements) * element;
  Stream stream(in);
  if (options.codec != BitshuffleOptions::Codec::none) {
    const auto size = stream.number(8), block_size = stream.number(4);
    if (!size || !block_size || *size != out.size()) return damaged("bitshuffle");
    block_bytes = *block_size;
  }
  if (block_bytes == 0 || block_bytes % (8 * element) != 0 || out.size() % element != 0) return damaged("bitshuffle");
  const std::size_t largest = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, out.size()));
  scratch_.resize(largest);
  if (options.codec != BitshuffleOptions::Codec::none) block_.resize(largest);
  while (out.size() >= 8 * element) {
    const auto whole = std::min<std::size_t>(largest, out.size());
    const auto target = out.first(whole - whole % (8 * element));
    std::span<const std::byte> shuffled;
    if (options.codec == BitshuffleOptions::Codec::none) {
      const auto bytes = stream.take(target.size());
      if (!bytes) return damaged("bitshuffle");
      shuffled = *bytes;
    } else {
      const auto bytes = stream.block();
      const auto block = std::span(block_).first(target.size());
      const bool decoded = bytes && (options.codec == BitshuffleOptions::Codec::lz4 ? decode_lz4_block(*bytes, block)
                                                                                    : zstd(*bytes, block).empty());
      if (!decoded) return damaged("bitshuffle");
      shuffled = block;
    }
    unshuffle_bits(shuffled, target, element, scratch_);
    out = out.subspan(target.size());
  }
  const auto rest = stream.take(out.size());
  if (!rest || !stream.empty()) return damaged("bitshuffle");
  std::ranges::copy(*rest, out.begin());
  return {};
}

}  // namespace xylem
