#include "xylem/model/chunk_grid.hpp"

#include <algorithm>

#include "xylem/support/contract.hpp"

namespace xylem {

ChunkGrid::ChunkGrid(Shape shape, Shape tile) : shape_(std::move(shape)), tile_(std::move(tile)), grid_(shape_.size()) {
  XYLEM_EXPECT(shape_.size() == tile_.size(), "a tile has as many dimensions as its shape");
  for (std::size_t d = 0; d < shape_.size(); ++d) {
    XYLEM_EXPECT(tile_[d] >= 1, "tile extents are positive");
    grid_[d] = shape_[d] / tile_[d] + (shape_[d] % tile_[d] != 0 ? 1 : 0);
  }
  const auto size = num_elements(grid_);
  if (!size)
    throw DataError("shape {} in chunks of {} has more chunks than 63 bits can count", format_shape(shape_), format_shape(tile_));
  size_ = *size;
}

Shape ChunkGrid::coordinates(std::int64_t index) const {
  XYLEM_EXPECT(index >= 0 && index < size_, "tile index in range");
  Shape coordinates(grid_.size());
  for (std::size_t d = grid_.size(); d-- > 0;) {
    coordinates[d] = index % grid_[d];
    index /= grid_[d];
  }
  return coordinates;
}

Box ChunkGrid::box(std::int64_t index) const {
  Box box{coordinates(index), Shape(grid_.size())};
  for (std::size_t d = 0; d < grid_.size(); ++d) {
    box.start[d] *= tile_[d];
    box.count[d] = std::min(tile_[d], shape_[d] - box.start[d]);
  }
  return box;
}

}  // namespace xylem
