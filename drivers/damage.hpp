#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"

namespace xylem::drivers {

/// Of the files of a command, those with damaged data, as far as they were found; and the datasets to look at, which the command
/// is about to read.
struct Damage {
  std::vector<SkippedFile> files{};       ///< whose elements are missing
  std::vector<SkippedFile> unlabelled{};  ///< whose labels are damaged: nobody knows where they belong
  std::vector<std::shared_ptr<const DatasetInfo>> datasets{};
  std::vector<std::shared_ptr<const DatasetInfo>> labels{};
  bool is_reading = false;  ///< files are being opened: one that is gone by now is a mistake of usage to who opens it

  [[nodiscard]] bool is_in(const std::string& file) const;
};

/// Does `work`; with --on-error skip, after an error of the data, once more without the files that have any, which are then found
/// all at once and named in warnings. Throws what `work` throws, also where nothing would be left. Collective: yes.
[[nodiscard]] int do_without(Damage& damage, const Communicator& world, const po::variables_map& arguments,
                             const std::function<int()>& work);

}  // namespace xylem::drivers
