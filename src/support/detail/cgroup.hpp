#pragma once

#include <functional>
#include <string>

namespace xylem::detail {

/// Calls visit(folder, unified) for the folder of this process's control group and those of all around it, innermost first: in
/// the hierarchy of all controllers (v2, `unified`) and in that of the named one (v1). A container may see only the inner part of
/// a group's path, or none: folders may not be there. `root` is the folder that /proc and /sys are in.
void for_each_control_group(const std::string& root, const std::string& controller,
                            const std::function<void(const std::string& folder, bool unified)>& visit);

}  // namespace xylem::detail
