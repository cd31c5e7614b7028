#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/job/data_arrays.hpp"

#include "detail/job_file.hpp"

namespace xylem::detail {

/// The arrays that the tags of a job stand for.
struct JobArrays {
  /// By tag; nothing for an operation that failed, was allowed to, and has no fallback.
  std::map<std::string, std::optional<Array>> arrays;
  /// Tags whose arrays hang on an operation that may fail, and did not.
  std::set<std::string> may_fail;
  /// What failed, a line each.
  std::vector<std::string> failures;
};

/// Makes the arrays of all operations of the job. `combined` are those of `combine`. With `only_fallbacks` operations that may
/// fail count as failed. Throws UsageError, with the operation's place, for one that cannot be meant and may not fail.
[[nodiscard]] JobArrays make_job_arrays(const JobFile& job, const DataArrays& data, const std::map<std::string, Array>& combined,
                                        bool only_fallbacks);

}  // namespace xylem::detail
