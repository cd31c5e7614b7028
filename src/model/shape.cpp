#include "xylem/model/shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace xylem {

std::optional<std::int64_t> checked_product(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<std::int64_t> num_elements(const Shape& shape) noexcept {
  std::optional<std::int64_t> total = 1;
  for (const std::int64_t extent : shape) {
    if (extent == 0) return 0;
    if (total) total = checked_product(*total, extent);
  }
  return total;
}

std::string format_shape(const Shape& shape) {
  return shape.size() == 1 ? fmt::format("({},)", shape[0]) : fmt::format("({})", fmt::join(shape, ", "));
}

std::int64_t Box::size() const noexcept {
  std::int64_t total = 1;
  for (const std::int64_t extent : count) total *= extent;
  return total;
}

std::string format_box(const Box& box) {
  std::string text = "[";
  for (std::size_t d = 0; d < box.start.size(); ++d) {
    text += fmt::format("{}{}:{}", d == 0 ? "" : ", ", box.start[d], box.start[d] + box.count[d]);
  }
  return text + "]";
}

}  // namespace xylem
