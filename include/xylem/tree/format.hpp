#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xylem/tree/load.hpp"

namespace xylem {

/// What a tree looks like.
enum class TreeStyle : std::uint8_t {
  full,    ///< as wide as it needs to be, vertical bars where lines continue, chunks and filters shown
  dantro,  ///< as dantro prints its tree on 80 columns, character by character, with dantro's class names
};

/// The threshold of dantro's condensed tree.
inline constexpr std::size_t default_condense_threshold = 10;

/// How format_tree() shows a tree, and how much of it.
struct TreeFormat {
  TreeStyle style = TreeStyle::full;
  /// Levels shown below the root: 0 for the header line alone, 1 for the root's members. Where it ends, `...` stands for members.
  std::optional<std::size_t> depth{};
  /// A group with more members than this (at least 3) shows only its first half of them and its last, so many lines in all, as in
  /// dantro. In dantro's style a condensed tree ends after 11 levels too.
  std::optional<std::size_t> condensed{};
  bool attributes = false;  ///< list each node's attributes below it (style `full`)
};

/// The proxy tree for people, with a newline at its end: the root group of one file, or of several files, each a member named as
/// the user wrote it. Nothing is read. Where a container's labels cannot be made, its dims are shown as `dim_<i>` and the message
/// is added to `problems`. Throws UsageError for attributes in dantro's style, which has no place for them.
[[nodiscard]] std::string format_tree(const Tree& tree, const TreeFormat& format, std::vector<std::string>& problems);

/// The same for a tree that files are mounted in (DataManager): `root` is its root, `files` are those in it.
[[nodiscard]] std::string format_tree(const Tree& files, const Group& root, const TreeFormat& format,
                                      std::vector<std::string>& problems);

/// The tree as JSON: an array with one object a file, its root group, with members nested (`depth` levels of them, the rest left
/// out). Every node has `name kind path`; groups `attributes members`; datasets `dtype shape max_shape dims coords layout chunks
/// filters attributes`; links `link target_file target dangling`.
[[nodiscard]] std::string tree_json(const Tree& tree, const std::optional<std::size_t>& depth,
                                    std::vector<std::string>& problems);

/// The same for a tree that files are mounted in: an array with its root group. A file's root has its `file` too; YAML and text
/// files are of the kinds `yaml` and `text`; `objects` names attributes that are no plain values.
[[nodiscard]] std::string tree_json(const Tree& files, const Group& root, const std::optional<std::size_t>& depth,
                                    std::vector<std::string>& problems);

}  // namespace xylem
