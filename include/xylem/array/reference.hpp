#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"

namespace xylem {

/// The values of an array, all in memory, in row-major order; each a Number of the array's type.
struct ReferenceArray {
  std::vector<Dim> dims;
  ElementType dtype = ElementType::float64;
  std::vector<Number> values;
};

/// The decoded values of a source, as many as it has elements, in row-major order, in the type of its array.
using ReferenceReader = std::function<std::vector<Number>(const SourceNode&)>;

/// Evaluates an array element by element, slowly and obviously: what faster ways are held against. Float sums are exact sums
/// rounded once (infinite where they overflow), variances are computed around the mean in long double.
/// Throws DataError for sums and products of integers that do not fit in 64 bits, naming the place, and for floats that astype
/// cannot make integers.
[[nodiscard]] ReferenceArray evaluate_reference(const Array& array, const ReferenceReader& reader);

}  // namespace xylem
