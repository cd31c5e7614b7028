#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"

namespace xylem::drivers {

/// Of the files of a command, those with damaged data.
struct Damage {
  std::vector<SkippedFile> files{};                            ///< that were found
  std::vector<std::shared_ptr<const DatasetInfo>> datasets{};  ///< to look at: what the command is about to read

  [[nodiscard]] bool is_in(const std::string& file) const;
};

/// Does `work`; with --on-error skip, after an error of the data, once more without the files that have any, which are then found
/// all at once and named in warnings. Throws what `work` throws, also where nothing would be left. Collective: yes.
[[nodiscard]] int do_without(Damage& damage, const Communicator& world, const po::variables_map& arguments,
                             const std::function<int()>& work);

}  // namespace xylem::drivers
