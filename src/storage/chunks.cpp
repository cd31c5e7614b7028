#include "detail/chunks.hpp"

#include <algorithm>
#include <cstring>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/support/error.hpp"

namespace xylem {

void for_each_chunk(const DatasetInfo& info, const Box& box, const std::function<void(const Shape&)>& visit) {
  if (box.size() == 0) return;
  const std::size_t rank = box.start.size();
  Shape first(rank), count(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    first[d] = box.start[d] / info.chunk[d];
    count[d] = (box.start[d] + box.count[d] - 1) / info.chunk[d] + 1 - first[d];
  }
  const ChunkGrid chunks(count, Shape(rank, 1));
  for (std::int64_t i = 0; i < chunks.size(); ++i) {
    Shape start = chunks.coordinates(i);
    for (std::size_t d = 0; d < rank; ++d) start[d] = (first[d] + start[d]) * info.chunk[d];
    visit(start);
  }
}

Box clipped_chunk(const DatasetInfo& info, const Shape& start) {
  Box box{start, info.chunk};
  for (std::size_t d = 0; d < start.size(); ++d) box.count[d] = std::min(box.count[d], info.shape[d] - start[d]);
  return box;
}

Box intersection(const Box& a, const Box& b) {
  Box box = a;
  for (std::size_t d = 0; d < a.start.size(); ++d) {
    box.start[d] = std::max(a.start[d], b.start[d]);
    box.count[d] = std::min(a.start[d] + a.count[d], b.start[d] + b.count[d]) - box.start[d];
  }
  return box;
}

void write_fill(const DatasetInfo& info, std::span<std::byte> out) {
  if (info.fill.empty()) {
    std::fill(out.begin(), out.end(), std::byte{0});
    return;
  }
  // Twice as much each time.
  std::size_t filled = std::min(info.fill.size(), out.size());
  std::memcpy(out.data(), info.fill.data(), filled);
  for (; filled < out.size(); filled *= 2) std::memcpy(out.data() + filled, out.data(), std::min(filled, out.size() - filled));
}

void fail_chunk(const DatasetInfo& info, const Shape& start, const std::string& reason) {
  Shape coordinates = start;
  for (std::size_t d = 0; d < start.size(); ++d) coordinates[d] /= info.chunk[d];
  throw DataError("chunk {} (elements {}) of {} cannot be read ({}): the file is damaged", format_shape(coordinates),
                  format_box(clipped_chunk(info, start)), info.ref.describe(), reason);
}

}  // namespace xylem
