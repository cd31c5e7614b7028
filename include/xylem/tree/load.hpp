#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/tree/node.hpp"

namespace xylem {

/// One file's part of the tree: its root group, named as the file.
struct FileTree {
  std::string file;             ///< as the user wrote it
  std::shared_ptr<Group> root;  ///< not null; paths in the file start here
  int scanned_by = 0;           ///< the rank that read its metadata
};

/// A file that was asked for and is left out, and why.
struct SkippedFile {
  std::string file;
  std::string reason;  ///< the message of the error
};

/// A node and the file whose tree it is in.
struct Place {
  const FileTree* file = nullptr;  ///< null where links on the way lead to no file of the tree, or in circles
  const Node* node = nullptr;      ///< null where there is nothing
};

/// The shared tree of several files: the same on every rank.
struct Tree {
  std::vector<FileTree> files;         ///< those asked for, sorted by name
  std::vector<FileTree> linked_files;  ///< those that external links of the others lead to
  std::map<std::string, std::string>
      link_targets;                   ///< the file that an external link's `target_file` is, as named in the lists above
  std::size_t from_index = 0;         ///< how many of the files an index knew
  std::vector<SkippedFile> skipped;   ///< files asked for that could not be read
  std::vector<std::string> warnings;  ///< what was left out, a line each

  /// The rank that scanned each file, by the file's name.
  [[nodiscard]] std::map<std::string, int> scanned_by() const;
  /// The file that an external link leads to, or null where it could not be read.
  [[nodiscard]] const FileTree* find_target(const std::string& target_file) const;
  /// The node at a path from a file's root; the path may lead through links, into other files too, and the node may itself be a
  /// link. A place without a node where there is none.
  [[nodiscard]] Place find(const FileTree& from, const std::string& path) const;
  /// The object at the end of a link, following further links (up to 16), or null where it dangles.
  [[nodiscard]] const Node* follow(const FileTree& from, const Link& link) const;
  /// The place itself, or where its link ends; without a node where that dangles.
  [[nodiscard]] Place follow(const Place& place) const;
};

/// How files are scanned, and how the tree is made of them.
struct ScanOptions {
  bool skip_unreadable = false;            ///< a file that cannot be read is left out: Tree::skipped, and a warning
  bool lower_case_keys = false;            ///< members are named in lower case (ASCII letters), and found in any
  ResolveAs resolve_as = ResolveAs::data;  ///< what the proxies become
  ScanDepth depth = ScanDepth::metadata;   ///< what is read besides metadata
  bool use_index = true;                   ///< takes what an index (write_index) knows of files that have not changed since
  std::string index{};  ///< the index; empty: the one called `.xylem-index` in the folder that the files have in common or, where
                        ///< there is none, in the nearest folder above it; only those of this user, root or the folder's owner
};

/// Expands file names and glob patterns on rank 0, deals the files to the ranks in turn, scans each on its one rank, and merges
/// what was found; files that external links lead to are scanned in further rounds, each by one rank too. Reads metadata only.
/// Throws UsageError, ResourceError or DataError, on all ranks alike, for a file that cannot be read; one that an external link
/// leads to and that cannot be read is a warning. An index that is damaged, or that does not know some of the files as they are
/// now, is a warning as well: those files are scanned.
/// Collective: yes.
[[nodiscard]] Tree load_tree(const Communicator& comm, const std::vector<std::string>& patterns, const ScanOptions& options = {});

/// The same for the files of these names, in their order. All ranks pass the same.
/// Collective: yes.
[[nodiscard]] Tree scan_tree(const Communicator& comm, std::vector<std::string> files, const ScanOptions& options = {});

}  // namespace xylem
