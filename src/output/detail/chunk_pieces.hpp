#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/runs.hpp"

namespace xylem::detail {

/// What a box has of one chunk.
struct ChunkPiece {
  std::int64_t chunk = 0;  ///< its number in the grid
  Box in_chunk{};          ///< the piece, counted from the chunk's first element
  Shape in_box{};          ///< its first element, counted from the box's
  bool whole = false;      ///< all that the chunk has of its array
};

/// Calls visit(piece) for each chunk that a box of the grid's array touches. A grid has at least one dim.
template <class Visit>
void for_each_piece(const ChunkGrid& grid, const Box& box, Visit visit) {
  if (box.size() == 0) return;
  const std::size_t dims = box.start.size();
  Shape first(dims), at(dims);
  for (std::size_t d = 0; d < dims; ++d) at[d] = first[d] = box.start[d] / grid.tile()[d];
  for (;;) {
    ChunkPiece piece{0, {Shape(dims), Shape(dims)}, Shape(dims), true};
    for (std::size_t d = 0; d < dims; ++d) {
      const std::int64_t origin = at[d] * grid.tile()[d];
      const std::int64_t end = std::min(origin + grid.tile()[d], grid.shape()[d]);
      const std::int64_t from = std::max(origin, box.start[d]), to = std::min(end, box.start[d] + box.count[d]);
      piece.chunk = piece.chunk * grid.grid()[d] + at[d];
      piece.in_chunk.start[d] = from - origin;
      piece.in_chunk.count[d] = to - from;
      piece.in_box[d] = from - box.start[d];
      piece.whole = piece.whole && from == origin && to == end;
    }
    visit(static_cast<const ChunkPiece&>(piece));
    std::size_t d = dims;
    while (d > 0 && ++at[d - 1] * grid.tile()[d - 1] >= box.start[d - 1] + box.count[d - 1]) {
      --d;
      at[d] = first[d];
    }
    if (d == 0) return;
  }
}

/// Copies `box` of a row-major array of shape `from_shape` to its place in an array of shape `to_shape`, where it begins at
/// `to_start`; elements of `size` bytes, at least one dim.
inline void copy_box(const std::byte* from, const Shape& from_shape, const Box& box, std::byte* to, const Shape& to_shape,
                     const Shape& to_start, int size) {
  if (box.size() == 0) return;
  const std::size_t last = box.count.size() - 1;
  const auto bytes = static_cast<std::size_t>(box.count[last] * size);
  Shape at(last, 0);
  for (;;) {
    std::int64_t source = 0, target = 0;
    for (std::size_t d = 0; d <= last; ++d) {
      const std::int64_t i = d < last ? at[d] : 0;
      source = source * from_shape[d] + box.start[d] + i;
      target = target * to_shape[d] + to_start[d] + i;
    }
    std::memcpy(to + target * size, from + source * size, bytes);
    std::size_t d = last;
    while (d > 0 && ++at[d - 1] == box.count[d - 1]) at[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace xylem::detail
