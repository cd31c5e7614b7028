#include "xylem/storage/chunk_encoder.hpp"

#include <libdeflate.h>

#include <new>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"

namespace xylem {
namespace {

// The first bytes of all elements, then all second bytes, ...
template <std::size_t Size>
void shuffle(const std::byte* in, std::byte* out, std::size_t count) {
  for (std::size_t b = 0; b < Size; ++b) {
    for (std::size_t i = 0; i < count; ++i) out[b * count + i] = in[i * Size + b];
  }
}

void shuffle(std::span<const std::byte> in, std::byte* out, int size) {
  const std::size_t count = in.size() / static_cast<std::size_t>(size);
  switch (size) {
    case 2: return shuffle<2>(in.data(), out, count);
    case 4: return shuffle<4>(in.data(), out, count);
    case 8: return shuffle<8>(in.data(), out, count);
    default: throw InternalError("elements of {} bytes are not shuffled", size);
  }
}

}  // namespace

void ChunkEncoder::Free::operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }

ChunkEncoder::ChunkEncoder(int level) : compressor_(libdeflate_alloc_compressor(level)) {
  if (!compressor_) throw std::bad_alloc();
}

std::span<const std::byte> ChunkEncoder::encode(std::span<const std::byte> chunk, int element_size) {
  if (element_size > 1) {
    if (shuffled_.size() < chunk.size()) shuffled_.resize(chunk.size());
    shuffle(chunk, shuffled_.data(), element_size);
    chunk = {shuffled_.data(), chunk.size()};
  }
  const std::size_t bound = libdeflate_zlib_compress_bound(compressor_.get(), chunk.size());
  if (stored_.size() < bound) stored_.resize(bound);
  const std::size_t size =
      libdeflate_zlib_compress(compressor_.get(), chunk.data(), chunk.size(), stored_.data(), stored_.size());
  XYLEM_EXPECT(size > 0, "there is room for a chunk that does not get smaller");
  return {stored_.data(), size};
}

std::int64_t ChunkEncoder::memory(std::int64_t chunk_bytes) {
  constexpr std::int64_t compressor = std::int64_t{1} << 20;  // the most that libdeflate takes at levels up to 9
  return 2 * chunk_bytes + chunk_bytes / 1024 + compressor;
}

}  // namespace xylem
