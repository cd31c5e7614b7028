#pragma once

#include <optional>
#include <string>

#include "xylem/model/metadata.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

// One object in full, for people (a few lines) and as JSON (an object). Nothing is read: what is stored is told by `storage`
// (DatasetReader::summarize), without which it is left out. What is wrong with labels or the chunk grid is told under `problems`.

[[nodiscard]] std::string describe_dataset(const Container& container, const std::optional<StorageSummary>& storage);
[[nodiscard]] std::string describe_dataset_json(const Container& container, const std::optional<StorageSummary>& storage);

[[nodiscard]] std::string describe_group(const Group& group);
[[nodiscard]] std::string describe_group_json(const Group& group);

/// `from` is the file that the link is in.
[[nodiscard]] std::string describe_link(const Tree& tree, const FileTree& from, const Link& link);
[[nodiscard]] std::string describe_link_json(const Tree& tree, const FileTree& from, const Link& link);

}  // namespace xylem
