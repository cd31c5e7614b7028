#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "detail/job_file.hpp"

namespace xylem::detail {

/// Reads `define`, `select` and `transform` of a job into `operations`; `combined` are the tags of `combine`. Returns the number
/// of operations before the first of `transform`. Throws UsageError with the place of what is wrong.
std::size_t read_operations(const JobYaml& yaml, const std::vector<std::string>& combined, std::vector<JobOperation>& operations);

}  // namespace xylem::detail
