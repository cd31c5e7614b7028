#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/tree/load.hpp"

#include "detail/index_file.hpp"

namespace xylem::detail {

/// The index that belongs to some files, if there is one, and what it still knows.
class IndexSearch {
 public:
  /// Looks for it as the options say; `real_paths` are those of the files asked for. What keeps it from being used is a warning.
  /// Throws UsageError where the options name one that is not there. Collective: yes.
  IndexSearch(const Communicator& comm, const std::vector<std::string>& real_paths, const ScanOptions& options);

  /// The metadata of each file that has not changed since the index was written; the ranks share the looking. Warns of files that
  /// have, and, where some are known, of those that are not. Collective: yes.
  [[nodiscard]] std::vector<std::optional<FileMetadata>> look_up(const Communicator& comm, const std::vector<std::string>& files,
                                                                 const std::vector<std::string>& real_paths);

  [[nodiscard]] std::vector<std::string>& warnings() noexcept { return warnings_; }

 private:
  std::string path_;
  bool is_named_ = false;
  std::optional<IndexFile> index_;
  std::vector<std::string> warnings_;
};

/// The deepest folder that all paths are in.
[[nodiscard]] std::string common_folder(const std::vector<std::string>& real_paths);

}  // namespace xylem::detail
