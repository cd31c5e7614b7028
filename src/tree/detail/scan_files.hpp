#pragma once

#include <map>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/tree/load.hpp"

namespace xylem::detail {

/// A file and what is known of it; no objects where it could not be read.
struct ScannedFile {
  FileMetadata metadata{};
  std::string real_path{};
  int scanned_by = 0;
  bool from_index = false;
};

/// What load_tree() makes a tree of.
struct ScannedFiles {
  std::vector<ScannedFile> files{};
  std::vector<ScannedFile> linked_files{};
  std::map<std::string, std::string> link_targets{};
  std::vector<SkippedFile> skipped{};
  std::vector<std::string> warnings{};
};

/// See load_tree and scan_tree. `real_paths`: of the files. Collective: yes.
[[nodiscard]] ScannedFiles scan_patterns(const Communicator& comm, const std::vector<std::string>& patterns,
                                         const ScanOptions& options);
[[nodiscard]] ScannedFiles scan_files(const Communicator& comm, std::vector<std::string> files,
                                      std::vector<std::string> real_paths, const ScanOptions& options);

}  // namespace xylem::detail
