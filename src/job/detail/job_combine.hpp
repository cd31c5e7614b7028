#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xylem/array/combine.hpp"

#include "detail/job_yaml.hpp"

namespace xylem::detail {

/// The values of a sweep's dim that are wanted, as dantro's `subspace`: by value, or by position.
struct JobSubspace {
  std::string dim;
  std::vector<std::int64_t> positions{};
  LabelValues values{std::vector<double>{}};
  bool by_position = false;
};

/// An entry of `combine`: members of a group as one array.
struct JobCombine {
  std::string tag;
  std::string group;
  GroupCombineOptions options{};
  bool is_sweep = false;                  ///< members are states of a parameter sweep
  std::optional<ParameterSpace> space{};  ///< where the job says which; else the group's attribute `pspace` does
  std::vector<JobSubspace> subspace{};
  std::string place{};
};

/// Reads and checks `combine`. Throws UsageError with the place of what is wrong.
[[nodiscard]] std::vector<JobCombine> read_combine(const JobYaml& yaml, const YAML::Node& node);

/// The parameter space that a YAML text in paramspace's form describes: its nodes tagged !pdim, with `values`, `range`,
/// `linspace` or `logspace`, in the order of their `order` and then of their keys. Throws UsageError for spaces that cannot be
/// read.
[[nodiscard]] ParameterSpace parameter_space(const YAML::Node& node);

/// The positions of what a subspace chooses of its dim. Throws UsageError for a value that the dim has not.
[[nodiscard]] std::vector<std::int64_t> positions_in(const ParameterSpace& space, const JobSubspace& wanted);

}  // namespace xylem::detail
