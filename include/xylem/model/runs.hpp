#pragma once

#include <cstddef>
#include <cstdint>

#include "xylem/model/shape.hpp"

namespace xylem {

/// Calls visit(first, count) for the runs of elements that a box takes up in a row-major array of this shape, in the order of the
/// box's own elements: each as long as it can be, `first` counted in elements from the array's start.
template <class Visit>
void for_each_run(const Shape& shape, const Box& box, Visit visit) {
  if (box.size() == 0) return;
  if (shape.empty()) return visit(std::int64_t{0}, std::int64_t{1});
  // The last dim in which a run ends: the box is whole in those after it.
  std::size_t inner = shape.size() - 1;
  std::int64_t stride = 1;
  while (inner > 0 && box.count[inner] == shape[inner]) stride *= shape[inner--];
  const std::int64_t run = box.count[inner] * stride;
  Shape index(box.start.begin(), box.start.begin() + static_cast<std::ptrdiff_t>(inner));
  for (;;) {
    std::int64_t first = 0;
    for (std::size_t d = 0; d < inner; ++d) first = first * shape[d] + index[d];
    visit((first * shape[inner] + box.start[inner]) * stride, run);
    std::size_t d = inner;
    while (d > 0 && ++index[d - 1] == box.start[d - 1] + box.count[d - 1]) {
      --d;
      index[d] = box.start[d];
    }
    if (d == 0) return;
  }
}

}  // namespace xylem
