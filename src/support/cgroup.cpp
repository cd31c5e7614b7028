#include "detail/cgroup.hpp"

#include <fstream>

namespace xylem::detail {

void for_each_control_group(const std::string& root, const std::string& controller,
                            const std::function<void(const std::string&, bool)>& visit) {
  const auto upwards = [&](const std::string& mount, std::string group, bool unified) {
    while (true) {
      visit(mount + group, unified);
      if (group.empty()) return;
      group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
    }
  };
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // number:controllers:/path
    const std::size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      upwards(root + "/sys/fs/cgroup", group, true);
      upwards(root + "/sys/fs/cgroup/unified", group, true);
    } else if (controllers.find("," + controller + ",") != std::string::npos) {
      upwards(root + "/sys/fs/cgroup/" + controller, group, false);
    }
  }
}

}  // namespace xylem::detail
