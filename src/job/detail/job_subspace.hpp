#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/combine.hpp"

#include "detail/job_yaml.hpp"

namespace xylem::detail {

/// Start, stop and step of a Python slice.
struct JobSlice {
  std::optional<double> start{};
  std::optional<double> stop{};  ///< not included
  std::optional<std::int64_t> step{};
};

/// The values of a sweep's dim that are wanted, as dantro's `subspace` (paramspace's activate_subspace) has them: `loc`, by
/// value, within tolerances of numpy.isclose; or `idx`, by position, from 1. A slice takes values from start to before stop; of
/// positions, it counts from 0.
struct JobSubspace {
  std::string dim;
  bool by_position = false;
  LabelValues chosen{std::vector<double>{}};
  std::optional<JobSlice> slice{};  ///< instead of `chosen`
  double rtol = 1e-5;
  double atol = 1e-8;
};

/// A list of integers, of numbers or of texts; nothing for other nodes.
[[nodiscard]] std::optional<LabelValues> as_values(const YAML::Node& node);

/// Reads and checks what is chosen of one parameter. Throws UsageError with the place of what is wrong.
[[nodiscard]] JobSubspace read_subspace(const JobYaml& yaml, const std::string& dim, const YAML::Node& node);

/// The positions of what a subspace chooses of its dim, from 0 and in the order of the dim, whatever the order of the choice.
/// Throws UsageError for a value that the dim has not, or that is chosen twice.
[[nodiscard]] std::vector<std::int64_t> positions_in(const ParameterSpace& space, const JobSubspace& wanted);

}  // namespace xylem::detail
