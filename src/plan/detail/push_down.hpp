#pragma once

#include "xylem/array/array.hpp"

namespace xylem::detail {

/// The same values, with selections of reductions made selections of what is reduced.
Array push_selections(const Array& array);

}  // namespace xylem::detail
