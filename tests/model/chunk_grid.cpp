#include "xylem/model/chunk_grid.hpp"

#include <gtest/gtest.h>

#include "xylem/support/error.hpp"

using namespace xylem;

TEST(ChunkGrid, TilesCoverTheShapeOnce) {
  const ChunkGrid grid({5, 7}, {2, 3});
  EXPECT_EQ(grid.grid(), (Shape{3, 3}));
  ASSERT_EQ(grid.size(), 9);
  std::vector<int> hits(35, 0);
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    const Box box = grid.box(i);
    for (auto y = box.start[0]; y < box.start[0] + box.count[0]; ++y) {
      for (auto x = box.start[1]; x < box.start[1] + box.count[1]; ++x) ++hits[static_cast<std::size_t>(y * 7 + x)];
    }
  }
  EXPECT_EQ(hits, std::vector<int>(35, 1));
}

TEST(ChunkGrid, ScalarEmptyAndOversizedTiles) {
  EXPECT_EQ(ChunkGrid({}, {}).size(), 1);
  EXPECT_EQ(ChunkGrid({0, 7}, {2, 3}).size(), 0);
  EXPECT_EQ(ChunkGrid({5}, {100}).box(0), (Box{{0}, {5}}));
}

TEST(ChunkGrid, RefusesWhatCannotBeCounted) {
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THROW(ChunkGrid({huge, huge}, {1, 1}), DataError);
  EXPECT_FALSE(num_elements({huge, huge}));
  EXPECT_EQ(num_elements({huge, huge, 0}), 0);
}
