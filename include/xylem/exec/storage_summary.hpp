#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/metadata.hpp"

namespace xylem {

/// What each of the datasets occupies in its file. `scanned_by` has for each file the rank that reads its chunk indexes: the one
/// that scanned it (Tree::scanned_by), so that no two ranks read a file's metadata. Throws DataError naming the dataset whose
/// index cannot be read. Collective: yes; all ranks pass the same.
[[nodiscard]] std::vector<StorageSummary> summarize_storage(const Communicator& comm,
                                                            const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                                            const std::map<std::string, int>& scanned_by);

}  // namespace xylem
