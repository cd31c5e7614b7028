#include "detail/rows.hpp"

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

Rows::Rows(const Box& part, const Box& a, const Box& b, std::int64_t element_size)
    : bytes_(element_size), in_a_(place(part.start, a) * element_size), in_b_(place(part.start, b) * element_size) {
  const std::size_t rank = part.count.size();
  a_step_.resize(rank);
  b_step_.resize(rank);
  std::int64_t a_step = element_size, b_step = element_size;
  std::size_t outer = rank;  // dims that are walked through; those behind are within a row
  bool whole = true;
  for (std::size_t d = rank; d-- > 0;) {
    a_step_[d] = a_step;
    b_step_[d] = b_step;
    a_step *= a.count[d];
    b_step *= b.count[d];
    if (!whole) continue;
    outer = d;
    bytes_ *= part.count[d];
    whole = part.count[d] == a.count[d] && part.count[d] == b.count[d];
  }
  count_.assign(part.count.begin(), part.count.begin() + static_cast<std::ptrdiff_t>(outer));
}

void copy_box(const Box& part, const Box& from, const std::byte* source, const Box& to, std::byte* target,
              std::int64_t element_size) {
  const Rows rows(part, from, to, element_size);
  const auto bytes = static_cast<std::size_t>(rows.bytes());
  rows.for_each([&](std::int64_t in, std::int64_t out) { std::memcpy(target + out, source + in, bytes); });
}

}  // namespace xylem
