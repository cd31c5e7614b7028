#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xylem {

/// Extents, slowest dimension first, in elements. Empty for a scalar.
using Shape = std::vector<std::int64_t>;

/// The product of the extents (1 for a scalar), or nothing when it does not fit in 63 bits.
std::optional<std::int64_t> num_elements(const Shape& shape) noexcept;

/// a * b for non-negative numbers, or nothing when it does not fit in 63 bits.
std::optional<std::int64_t> checked_product(std::int64_t a, std::int64_t b) noexcept;

/// "(800, 4096, 4096)", "(5,)", "()": as Python writes a tuple.
std::string format_shape(const Shape& shape);

/// A hyperslab without strides: `count` elements from `start` in each dimension.
struct Box {
  Shape start;
  Shape count;

  [[nodiscard]] std::int64_t size() const noexcept;  ///< elements
  friend bool operator==(const Box&, const Box&) = default;
};

/// "[0:10, 5:8]", as Python slices.
std::string format_box(const Box& box);

}  // namespace xylem
