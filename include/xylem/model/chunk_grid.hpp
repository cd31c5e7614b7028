#pragma once

#include <cstdint>

#include "xylem/model/shape.hpp"

namespace xylem {

/// A shape cut into equal tiles, numbered in row-major order; the last tile of a dimension may overhang the shape. Serves for the
/// stored chunks of a dataset and for the blocks (unions of whole chunks) that are read at once.
class ChunkGrid {
 public:
  /// shape and tile have the same length; tile extents are at least 1. A scalar has one tile. Throws DataError when the number of
  /// tiles does not fit in 63 bits.
  ChunkGrid(Shape shape, Shape tile);

  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  /// Extents of a tile that does not overhang the shape.
  [[nodiscard]] const Shape& tile() const noexcept { return tile_; }
  /// Tiles per dimension.
  [[nodiscard]] const Shape& grid() const noexcept { return grid_; }
  /// All tiles; 0 when an extent of the shape is 0.
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  /// Grid coordinates of tile `index`.
  [[nodiscard]] Shape coordinates(std::int64_t index) const;
  /// The elements of tile `index`, clipped to the shape.
  [[nodiscard]] Box box(std::int64_t index) const;

 private:
  Shape shape_;
  Shape tile_;
  Shape grid_;
  std::int64_t size_ = 1;
};

}  // namespace xylem
