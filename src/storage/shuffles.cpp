#include "detail/shuffles.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "xylem/support/multiversion.hpp"

namespace xylem {
namespace {

using Words = std::array<std::uint64_t, 8>;

// Swaps the bits of `mask` of `high` with those `shift` above them of `low`.
XYLEM_INLINE void swap_bits(std::uint64_t& low, std::uint64_t& high, int shift, std::uint64_t mask) {
  const std::uint64_t different = (low >> shift ^ high) & mask;
  high ^= different;
  low ^= different << shift;
}

// In place: bit k of each byte of word e becomes bit e of that byte of word k.
XYLEM_INLINE void transpose_bits(Words& w) {
  for (const std::size_t i : {0, 1, 2, 3}) swap_bits(w[i], w[i + 4], 4, 0x0f0f0f0f0f0f0f0f);
  for (const std::size_t i : {0, 1, 4, 5}) swap_bits(w[i], w[i + 2], 2, 0x3333333333333333);
  for (const std::size_t i : {0, 2, 4, 6}) swap_bits(w[i], w[i + 1], 1, 0x5555555555555555);
}

// In place: byte k of word e becomes byte e of word k, where bytes count from the lowest.
XYLEM_INLINE void transpose_bytes(Words& w) {
  for (const std::size_t i : {0, 1, 2, 3}) swap_bits(w[i], w[i + 4], 32, 0x00000000ffffffff);
  for (const std::size_t i : {0, 1, 4, 5}) swap_bits(w[i], w[i + 2], 16, 0x0000ffff0000ffff);
  for (const std::size_t i : {0, 2, 4, 6}) swap_bits(w[i], w[i + 1], 8, 0x00ff00ff00ff00ff);
}

template <std::size_t Size>
XYLEM_MULTIVERSION void unshuffle_elements(const std::byte* __restrict in, std::byte* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < Size; ++b) out[i * Size + b] = in[b * count + i];
  }
}

// Elements of any size: those of some columns at a time, so that what is written stays in the cache.
XYLEM_MULTIVERSION void unshuffle_any(const std::byte* in, std::byte* out, std::size_t size, std::size_t count) {
  std::size_t done = 0;
  if constexpr (std::endian::native == std::endian::little) {
    const std::size_t bytes = size - size % 8;
    for (; done + 8 <= count; done += 8) {
      for (std::size_t b = 0; b < bytes; b += 8) {
        Words w;
        for (std::size_t k = 0; k < 8; ++k) std::memcpy(&w[k], in + (b + k) * count + done, 8);
        transpose_bytes(w);
        for (std::size_t k = 0; k < 8; ++k) std::memcpy(out + (done + k) * size + b, &w[k], 8);
      }
      for (std::size_t b = bytes; b < size; ++b) {
        for (std::size_t k = 0; k < 8; ++k) out[(done + k) * size + b] = in[b * count + done + k];
      }
    }
  }
  for (; done < count; ++done) {
    for (std::size_t b = 0; b < size; ++b) out[done * size + b] = in[b * count + done];
  }
}

// Rows of `columns` bytes, row `8 * j + k` with the bits k of the bytes j of all elements, to rows with whole bytes: row
// `e * size + j` with the bytes j of elements e, e + 8, e + 16, ...
XYLEM_MULTIVERSION void gather_bits(const std::byte* __restrict in, std::byte* __restrict out, std::size_t size,
                                    std::size_t columns) {
  for (std::size_t j = 0; j < size; ++j) {
    const std::byte* rows = in + 8 * j * columns;
    std::byte* bytes = out + j * columns;
    std::size_t c = 0;
    for (; c + 8 <= columns; c += 8) {
      Words w;
      for (std::size_t k = 0; k < 8; ++k) std::memcpy(&w[k], rows + k * columns + c, 8);
      transpose_bits(w);
      for (std::size_t e = 0; e < 8; ++e) std::memcpy(bytes + e * size * columns + c, &w[e], 8);
    }
    for (; c < columns; ++c) {
      Words w;
      for (std::size_t k = 0; k < 8; ++k) w[k] = std::to_integer<std::uint64_t>(rows[k * columns + c]);
      transpose_bits(w);
      for (std::size_t e = 0; e < 8; ++e) bytes[e * size * columns + c] = static_cast<std::byte>(w[e]);
    }
  }
}

}  // namespace

void unshuffle(std::span<const std::byte> in, std::span<std::byte> out, std::size_t element_size) {
  const std::size_t count = in.size() / element_size;
  switch (element_size) {
    case 2: unshuffle_elements<2>(in.data(), out.data(), count); break;
    case 4: unshuffle_elements<4>(in.data(), out.data(), count); break;
    case 8: unshuffle_elements<8>(in.data(), out.data(), count); break;
    default: unshuffle_any(in.data(), out.data(), element_size, count); break;
  }
  std::ranges::copy(in.subspan(count * element_size), out.begin() + static_cast<std::ptrdiff_t>(count * element_size));
}

void unshuffle_bits(std::span<const std::byte> in, std::span<std::byte> out, std::size_t element_size,
                    std::span<std::byte> scratch) {
  const std::size_t columns = in.size() / element_size / 8;
  gather_bits(in.data(), scratch.data(), element_size, columns);
  // Now the bytes of eight elements are shuffled as if they were one element.
  unshuffle_any(scratch.data(), out.data(), 8 * element_size, columns);
}

}  // namespace xylem
