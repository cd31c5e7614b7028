#pragma once

#include <vector>

#include "xylem/plan/plan.hpp"

namespace xylem {

/// By result: the extents, along its dims, of the stored chunks that its elements are made of, as far as the plan follows them; 1
/// along dims that no chunk has. Empty where no chunked dataset leads to a result. The same for any number of ranks and threads.
[[nodiscard]] std::vector<Shape> stored_chunks(const Plan& plan);

}  // namespace xylem
