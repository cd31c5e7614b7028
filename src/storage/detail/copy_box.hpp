#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "xylem/model/shape.hpp"

namespace xylem {

/// Copies the elements of `part` from an array of the elements of box `from` to one of box `to`, both row-major; `part` lies in
/// both. `size`: bytes an element.
void copy_box(const Box& part, const Box& from, const std::byte* source, const Box& to, std::byte* target, std::size_t size);

/// The elements of `part`, which lies in `box`, are contiguous in a row-major array of the elements of `box`: the number of the
/// first one. Nothing where they are not.
[[nodiscard]] std::optional<std::int64_t> contiguous_in(const Box& part, const Box& box);

}  // namespace xylem
