#pragma once

#include <hdf5.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "xylem/model/shape.hpp"
#include "xylem/support/error.hpp"

namespace xylem::h5 {

/// A shape as HDF5 takes it.
[[nodiscard]] inline std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

/// One of HDF5's extents. Throws DataError, where 63 bits do not hold it; `where` names the object.
[[nodiscard]] inline std::int64_t to_extent(hsize_t value, const std::string& where) {
  if (value > static_cast<hsize_t>(std::numeric_limits<std::int64_t>::max()))
    throw DataError("{} has an extent of {}, more than 63 bits can count", where, value);
  return static_cast<std::int64_t>(value);
}

}  // namespace xylem::h5
