#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xylem/tree/load.hpp"

namespace xylem {

/// Numeric datasets chosen from a tree, each once.
struct Selection {
  std::vector<std::shared_ptr<const DatasetInfo>> datasets;
  std::vector<std::string> notes;  ///< what was passed over, a line each
};

/// Chooses numeric datasets of every file of the tree.
///
/// Without patterns: all of them, in the order of the tree; links are not followed, for what they lead to stands elsewhere.
/// A pattern is a path from the root of each file ("/atm/t" or "atm/t"; links are followed) or a glob over paths. One without '/'
/// is matched with the last names of paths, at any depth; a plain name first with what lies at the root. Datasets that are not
/// numeric are passed over with a note, but an error when asked for by name. Throws UsageError for a name that is in none of the
/// files (with the nearest names), for a glob that matches nothing, and for a group. Names that only some files have are noted.
/// The result is ordered by file.
[[nodiscard]] Selection select_numeric(const Tree& tree, const std::vector<std::string>& patterns);

/// The object at `path` in a file of the tree, links followed. Throws UsageError, with the nearest names, when there is none.
[[nodiscard]] const Node& find_object(const Tree& tree, const FileTree& file, const std::string& path);

}  // namespace xylem
