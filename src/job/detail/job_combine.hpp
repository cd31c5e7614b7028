#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xylem/array/combine.hpp"
#include "xylem/model/element_type.hpp"

#include "detail/job_subspace.hpp"
#include "detail/job_yaml.hpp"

namespace xylem::detail {

/// An entry of `combine`: members of a group as one array.
struct JobCombine {
  std::string tag;
  std::string group;
  GroupCombineOptions options{};
  std::optional<ElementType> dtype{};     ///< what the elements become
  bool is_sweep = false;                  ///< members are states of a parameter sweep
  std::optional<ParameterSpace> space{};  ///< where the job says which; else the group's attribute `pspace` does
  std::vector<JobSubspace> subspace{};
  std::string place{};
};

/// Reads and checks `combine`. `may_be_typed`: there are groups whose type tells their dim. Throws UsageError with the place of
/// what is wrong.
[[nodiscard]] std::vector<JobCombine> read_combine(const JobYaml& yaml, const YAML::Node& node, bool may_be_typed);

/// The parameter space that a YAML text in paramspace's form describes: its nodes tagged !pdim, with `values`, `range`,
/// `linspace` or `logspace`, in the order of their `order` and then of their keys. Throws UsageError for spaces that cannot be
/// read.
[[nodiscard]] ParameterSpace parameter_space(const YAML::Node& node);

}  // namespace xylem::detail
