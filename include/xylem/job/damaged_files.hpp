#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// Which of the files of datasets have elements that cannot be read, or cannot be opened any longer, and why. Only files that
/// `is_asked` says are looked at: all elements of these datasets, numbers and strings, are read
/// and decoded, each file by one rank.
/// Collective: yes; all ranks pass the same.
[[nodiscard]] std::vector<SkippedFile> find_damaged_files(const Communicator& comm,
                                                          const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                                          const std::function<bool(const std::string&)>& is_asked);

}  // namespace xylem
