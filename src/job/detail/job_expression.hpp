#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

#include "detail/job_yaml.hpp"

namespace xylem::detail {

/// What operations may refer to while they are read.
struct JobTags {
  std::vector<std::string> known;       ///< in the order in which they are made
  std::optional<std::string> previous;  ///< the tag of the operation before
};

/// A name in an expression, whatever characters it has. Throws UsageError at `node` for a backtick in it.
[[nodiscard]] std::string quoted_name(const JobYaml& yaml, const YAML::Node& node, const std::string& name);

/// The tag that `!dag_tag TAG` or `!dag_prev` names, as an expression; nothing for other nodes. Throws UsageError for a tag that
/// is not known.
[[nodiscard]] std::optional<std::string> tag_expression(const JobYaml& yaml, const YAML::Node& node, const JobTags& tags);

/// `array` with the positions (isel) or labels (sel) of a mapping of dims chosen: "t[`lat`=-30..30]".
[[nodiscard]] std::string selection_expression(const JobYaml& yaml, const std::string& array, const YAML::Node& chosen,
                                               bool by_label);

/// An operation of a job as an expression, so that there is one language with one set of rules: `name` with arguments and named
/// arguments. Names are those of the expression language, and NumPy's, xarray's and dantro's for the same (docs/jobs.md). Throws
/// UsageError, with the place, for an unknown name or arguments that it cannot take.
[[nodiscard]] std::string call_expression(const JobYaml& yaml, const YAML::Node& place, const std::string& name,
                                          const std::vector<YAML::Node>& arguments, const YAML::Node& keywords,
                                          const JobTags& tags);

}  // namespace xylem::detail
