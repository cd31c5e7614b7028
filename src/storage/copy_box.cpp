#include "detail/copy_box.hpp"

#include <cstring>

namespace xylem {
namespace {

// The number of an element of `box`, in row-major order.
std::int64_t place(const Shape& element, const Box& box) {
  std::int64_t number = 0;
  for (std::size_t d = 0; d < element.size(); ++d) number = number * box.count[d] + element[d] - box.start[d];
  return number;
}

}  // namespace

void copy_box(const Box& part, const Box& from, const std::byte* source, const Box& to, std::byte* target, std::size_t size) {
  // Rows are as long as they are contiguous in both: all of the last dims that `part` spans in both, and one more.
  std::size_t outer = part.count.size();
  std::size_t row = size;
  while (outer > 0) {
    --outer;
    row *= static_cast<std::size_t>(part.count[outer]);
    if (part.count[outer] != from.count[outer] || part.count[outer] != to.count[outer]) break;
  }
  // Strides of the dims that are left, in bytes.
  const std::size_t rank = part.count.size();
  Shape from_stride(rank), to_stride(rank);
  auto from_step = static_cast<std::int64_t>(size), to_step = from_step;
  for (std::size_t d = rank; d-- > 0;) {
    from_stride[d] = from_step;
    to_stride[d] = to_step;
    from_step *= from.count[d];
    to_step *= to.count[d];
  }
  const std::byte* in = source + place(part.start, from) * static_cast<std::int64_t>(size);
  std::byte* out = target + place(part.start, to) * static_cast<std::int64_t>(size);
  Shape at(outer, 0);
  while (true) {
    std::memcpy(out, in, row);
    std::size_t d = outer;
    while (d > 0) {  // to the next row, as an odometer counts
      --d;
      in += from_stride[d];
      out += to_stride[d];
      if (++at[d] < part.count[d]) break;
      in -= from_stride[d] * part.count[d];
      out -= to_stride[d] * part.count[d];
      at[d] = 0;
      if (d == 0) return;
    }
    if (outer == 0) return;
  }
}

std::optional<std::int64_t> contiguous_in(const Box& part, const Box& box) {
  bool one_row = true;  // of the dims so far, `part` has one element each
  for (std::size_t d = 0; d < part.count.size(); ++d) {
    if (!one_row && part.count[d] != box.count[d]) return std::nullopt;
    one_row = one_row && part.count[d] == 1;
  }
  return place(part.start, box);
}

}  // namespace xylem
