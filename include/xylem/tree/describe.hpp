#pragma once

#include <optional>
#include <string>

#include "xylem/model/metadata.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// A dataset in full, for people: a few lines. Nothing is read: what is stored is told by `storage` (DatasetReader::summarize),
/// without which it is left out. What is wrong with labels or the chunk grid is told under `problems`.
[[nodiscard]] std::string describe_dataset(const Container& container, const std::optional<StorageSummary>& storage);
/// The same as JSON, an object.
[[nodiscard]] std::string describe_dataset_json(const Container& container, const std::optional<StorageSummary>& storage);

/// A group for people: how many members of each kind it has, and its attributes.
[[nodiscard]] std::string describe_group(const Group& group);
/// The same as JSON, an object.
[[nodiscard]] std::string describe_group_json(const Group& group);

/// A link for people: where it leads, and whether anything is there. `from` is the file that it is in.
[[nodiscard]] std::string describe_link(const Tree& tree, const FileTree& from, const Link& link);
/// The same as JSON, an object.
[[nodiscard]] std::string describe_link_json(const Tree& tree, const FileTree& from, const Link& link);

}  // namespace xylem
