#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// Calls visit(start) with the first element of each stored chunk that `box` touches, in row-major order.
void for_each_chunk(const DatasetInfo& info, const Box& box, const std::function<void(const Shape&)>& visit);

/// The elements of the chunk that starts at `start`, clipped to the shape.
[[nodiscard]] Box clipped_chunk(const DatasetInfo& info, const Shape& start);

/// The elements that two overlapping boxes have in common.
[[nodiscard]] Box intersection(const Box& a, const Box& b);

/// Sets all elements to the fill value, or zero where there is none.
void write_fill(const DatasetInfo& info, std::span<std::byte> out);

/// Throws DataError for the chunk that starts at `start`: its coordinates, its elements, dataset, file, and the reason.
[[noreturn]] void fail_chunk(const DatasetInfo& info, const Shape& start, const std::string& reason);

}  // namespace xylem
