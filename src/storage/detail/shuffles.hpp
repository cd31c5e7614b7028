#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace xylem {

/// Undoes HDF5's shuffle filter: first bytes of all elements, then all second bytes, ...; what is left over at the end stands as
/// it is. `in` and `out` are as long.
void unshuffle(std::span<const std::byte> in, std::span<std::byte> out, std::size_t element_size);

/// Undoes the bit shuffle of one block (https://github.com/kiyo-masui/bitshuffle): first the lowest bits of the first bytes of
/// all elements, then the next bits, ... `in` and `out` are as long, a multiple of 8 elements. `scratch` has room for as much.
void unshuffle_bits(std::span<const std::byte> in, std::span<std::byte> out, std::size_t element_size,
                    std::span<std::byte> scratch);

}  // namespace xylem
