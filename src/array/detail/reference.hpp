#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xylem/array/reference.hpp"

namespace xylem::detail {

/// All index tuples of a shape, in row-major order, one after the other: calls `visit(index)`.
template <class Visit>
void for_each_index(const std::vector<Dim>& dims, Visit visit) {
  for (const Dim& dim : dims) {
    if (dim.size == 0) return;
  }
  std::vector<std::int64_t> index(dims.size(), 0);
  for (;;) {
    visit(index);
    std::size_t axis = dims.size();
    while (axis > 0 && ++index[axis - 1] == dims[axis - 1].size) index[--axis] = 0;
    if (axis == 0) return;
  }
}

/// The element of `array` at an index given for `dims`, which hold all of its dims and perhaps more.
const Number& element(const ReferenceArray& array, const std::vector<Dim>& dims, const std::vector<std::int64_t>& index);

/// What a reduction makes of the elements of one result: one list for each input, all as long, in row-major order.
Number reduce_elements(const ReductionNode& node, ElementType result, const std::vector<std::vector<Number>>& lists);

/// The exact sum, rounded once: Python's math.fsum (J. R. Shewchuk, "Adaptive precision floating-point arithmetic and fast robust
/// geometric predicates", 1997). IEEE results for infinities and NaN.
double exact_sum(const std::vector<double>& values);

}  // namespace xylem::detail
