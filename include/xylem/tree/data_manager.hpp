#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/tree/format.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/load_config.hpp"

namespace xylem {

/// The root of a data tree that is loaded from the files of a folder, as dantro's DataManager: the same on every rank. Loading
/// reads metadata; elements are read only where the loader `hdf5` asks for them, and each by one rank.
///
/// What a file is loaded into is a tree of its own in this one: paths of links and coordinates in it start at its root.
class DataManager {
 public:
  /// For the files below `data_dir` ("~" is the home folder). Without a name it is called after the folder, as in dantro. Throws
  /// UsageError where the folder is not there. The communicator must outlive the manager.
  /// Collective: yes.
  DataManager(const Communicator& comm, const std::string& data_dir, std::string name = {});

  /// Loads one entry: finds its files, deals them to the ranks, and puts what is in them into the tree. docs/loading.md says what
  /// the options mean. Throws UsageError for options that cannot be meant, for files that are required and not there, and for
  /// what is in the place of a member; DataError or ResourceError for a file that cannot be read. Collective: yes; all ranks pass
  /// the same.
  void load(const std::string& entry_name, const LoadOptions& options);

  /// Makes the groups of a configuration, loads its entries one after another, and prints the tree where it says so.
  /// Throws as load(), and UsageError for a group to be made that is there already.
  /// Collective: yes; all ranks pass the same.
  void load_from_cfg(const LoadConfig& config);
  /// The same for a configuration as YAML text (parse_manager_config).
  /// Collective: yes; all ranks pass the same.
  void load_from_cfg(const std::string& yaml);

  /// Gives the group at a path; makes it, and those on the way to it, where there is none. Without a type it is of the one that
  /// the group around it prescribes. Throws UsageError where something else is in its place, and for
  /// paths with empty parts, `.` or `..`.
  Group& new_group(const std::string& path, const std::optional<std::string>& type = {});

  /// The folder's absolute path.
  [[nodiscard]] const std::string& data_dir() const noexcept { return data_dir_; }
  /// The group that entries are loaded into, named as the manager. For what is to be resolved see container().
  [[nodiscard]] const Group& root() const noexcept { return *root_; }
  /// The node at a path ("sim/000/atm/t"), or null; in a file links are not followed.
  [[nodiscard]] const Node* find(std::string_view path) const { return std::as_const(*root_).find(path); }
  /// The container at a path, to be resolved or reinstated. Throws UsageError, with the nearest paths, where there is none.
  [[nodiscard]] Container& container(const std::string& path);
  /// The files that were loaded, and those that their links lead to: what arrays and plans are made with (job/compute.hpp).
  [[nodiscard]] const Tree& files() const noexcept { return files_; }

  /// The tree for people (format_tree). `problems` gets what cannot be shown.
  [[nodiscard]] std::string tree(const TreeFormat& format, std::vector<std::string>& problems) const;
  /// The same, without the problems.
  [[nodiscard]] std::string tree(const TreeFormat& format = {}) const;

  /// Where in the tree files would be that could not be read, and were left out (`on_error: skip`).
  [[nodiscard]] const std::vector<std::string>& skipped_paths() const noexcept { return skipped_paths_; }
  /// True for a file of an entry that says so, read or not.
  [[nodiscard]] bool may_be_skipped(const std::string& file) const { return may_be_skipped_.contains(file); }
  /// What was left out or is odd, a line each; new_group and load add to it.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return files_.warnings; }

 private:
  class EntryLoader;

  void load(const LoadEntry& entry);
  void print(PrintTree how) const;

  const Communicator* comm_;
  std::string data_dir_;
  std::shared_ptr<Group> root_;
  Tree files_;
  std::vector<std::string> skipped_paths_;
  std::set<std::string> may_be_skipped_;
};

/// The load configuration in a YAML file (parse_manager_config), read by one rank. Throws UsageError with file, line and column,
/// ResourceError where the file cannot be read.
/// Collective: yes.
[[nodiscard]] LoadConfig read_manager_config(const Communicator& comm, const std::string& file);

}  // namespace xylem
