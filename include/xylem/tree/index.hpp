#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// The name of an index in the folder of the files that it knows.
inline constexpr const char* index_name = ".xylem-index";

/// What write_index() did.
struct IndexReport {
  std::string path;                     ///< of the index
  std::size_t files = 0;                ///< that it knows now
  std::size_t kept = 0;                 ///< of these, those that an older index knew and that have not changed
  std::int64_t bytes = 0;               ///< of the index
  std::vector<std::string> warnings{};  ///< as Tree::warnings
};

/// Scans files, as load_tree(), and keeps what is known of them (tree, attributes, what is stored, values of what may be
/// coordinates) in one file, from which load_tree() takes it as long as the files' sizes and times of last change are the same.
/// `path`: where; empty: `.xylem-index` in the folder that all the files have in common. What an index there knows already is not
/// scanned again. The file appears by atomic rename. Throws ResourceError where it cannot be written, UsageError where
/// none of the files could be read in whole, and as load_tree().
/// Collective: yes.
IndexReport write_index(const Communicator& comm, const std::vector<std::string>& patterns, const std::string& path = {});

}  // namespace xylem
