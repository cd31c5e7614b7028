#pragma once

#include <string>
#include <vector>

#include "xylem/array/combine.hpp"

namespace xylem::detail {

/// What of the members of a group is combined, in their order.
struct LabelledMembers {
  std::vector<CombinePart> parts;
  std::vector<const Container*> containers;
  std::vector<std::string> names;
};

/// Labels along one dim from dantro's attributes `ext_coords__<dim>`, part by part, one behind the other.
[[nodiscard]] LabelValues external_labels(const std::vector<CombinePart>& parts, const std::vector<const Container*>& containers,
                                          const std::string& dim);

/// combine_group() along several dims.
[[nodiscard]] Array combine_labelled(const LabelledMembers& members, const GroupCombineOptions& options,
                                     std::vector<std::string>* notes);

}  // namespace xylem::detail
