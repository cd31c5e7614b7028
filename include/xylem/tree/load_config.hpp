#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xylem/tree/config.hpp"
#include "xylem/tree/proxy.hpp"

namespace xylem {

/// What to do where a member of the tree is in the place of the one to be loaded: `raise` throws UsageError, `skip` leaves what
/// is there, `overwrite` replaces it; with a warning, but for `_nowarn`.
enum class ExistsAction : std::uint8_t { raise, skip, skip_nowarn, overwrite, overwrite_nowarn };

/// What to do with a file that cannot be read: stop, or leave it out with a warning.
enum class FileErrorAction : std::uint8_t { raise, skip };

/// Whether the tree is printed, by rank 0 on standard output; `condensed` cuts groups of more than default_condense_threshold
/// members short.
enum class PrintTree : std::uint8_t { no, full, condensed };

/// One glob pattern, or a list of them: a list gives a member a file even where it has one pattern without `*`.
struct GlobPatterns {
  GlobPatterns() = default;
  GlobPatterns(const char* pattern) : patterns{pattern} {}
  GlobPatterns(std::string pattern) : patterns{std::move(pattern)} {}
  GlobPatterns(std::vector<std::string> list) : patterns(std::move(list)), is_list(true) {}  ///< a list, even of one

  std::vector<std::string> patterns{};  ///< `*`, `?`, `[...]`, and `**` for any folders; a file that several match is taken once
  bool is_list = false;
};

/// One load operation, with dantro's names and meaning (docs/loading.md has the table).
struct LoadOptions {
  std::string loader{};                       ///< one of loader_names(), or an alias (`yml`); must be given
  GlobPatterns glob_str{};                    ///< the files, looked for below `base_path`; must be given
  bool enabled = true;                        ///< false: the entry is checked and nothing more
  std::optional<std::string> base_path{};     ///< absolute, or from `~` on; nothing: the data directory
  std::vector<std::string> ignore{};          ///< patterns as in `glob_str`, of files that are left out
  bool required = false;                      ///< no file is a UsageError; else a warning
  std::optional<std::string> target_group{};  ///< the group that the entry goes to; not with `target_path`
  std::optional<std::string> target_path{};   ///< where a file's content goes, with fields; nothing: by the entry's name
  std::map<std::string, std::string> target_path_kwargs{};  ///< more fields of `target_path`, by name
  std::optional<std::string> path_regex{};  ///< searched for in a file's absolute path; its groups are fields of `target_path`
  ExistsAction exists_action = ExistsAction::raise;  ///< of places in the tree; attributes are never replaced
  bool load_as_attr = false;  ///< as an attribute, of the entry's name, of the node at `target_path`, which must be there
  bool unpack_data = false;   ///< of `load_as_attr`: a plain value is the attribute itself, not in a container; not HDF5
  PrintTree print_tree = PrintTree::no;               ///< once the entry is loaded
  FileErrorAction on_error = FileErrorAction::raise;  ///< a file that cannot be read
  bool use_index = true;                              ///< HDF5, as ScanOptions
  std::string index{};                    ///< HDF5: the index, from the folder of the entry on; empty: looked for near the files
  bool load_as_proxy = false;             ///< HDF5; `hdf5_proxy` and `hdf5_as_dask` imply it
  std::optional<ResolveAs> resolve_as{};  ///< HDF5, of proxies: `proxy_kwargs`
  bool lower_case_keys = false;           ///< HDF5; ASCII letters
};

/// An entry of a load configuration, checked.
struct LoadEntry {
  std::string name;  ///< not empty; where no target is given, a path in the tree
  LoadOptions options;
  std::string place{};  ///< "file:line:column" where it is from a text
};

/// A group to be made before anything is loaded.
struct NewGroup {
  std::string path;                   ///< from the root of the tree, without '/' in front
  std::optional<std::string> type{};  ///< one of group_types()
};

/// What a DataManager is to load.
struct LoadConfig {
  std::vector<LoadEntry> entries{};       ///< in the order in which they are loaded
  std::vector<NewGroup> create_groups{};  ///< before all entries; one that is there already is an error
  PrintTree print_tree = PrintTree::no;   ///< after all entries
};

/// A key of a load entry, for documentation and tests.
struct LoadKey {
  std::string_view name;
  std::string_view value;    ///< what it takes
  std::string_view absent;   ///< what holds where it is absent
  std::string_view loaders;  ///< "all" or "hdf5"
};
/// All keys of a load entry, those without effect here too.
[[nodiscard]] std::span<const LoadKey> load_keys();

/// The names of the loaders, without aliases.
[[nodiscard]] std::vector<std::string> loader_names();
/// The names of dantro's group types that groups may be made as (NewGroup, DataManager::new_group).
[[nodiscard]] std::vector<std::string> group_types();

/// Reads and checks load entries `{name: {loader: ..., glob_str: ..., ...}}`; no file is looked for. `source` is the file that
/// the node is from. Throws UsageError with file, line and column: an unknown key (with the nearest one), a value of the wrong
/// type or that means nothing, keys that contradict each other, a regular expression or target path that is none.
[[nodiscard]] LoadConfig parse_load_config(const YAML::Node& node, const std::string& source);

/// The same of a whole file: load entries, or dantro's arguments of a data manager (`load_cfg`, `create_groups`, `print_tree`,
/// `exists_action` for all entries).
[[nodiscard]] LoadConfig parse_manager_config(const YAML::Node& node, const std::string& source);

/// Checks an entry made by a program, and completes it: what its loader implies is set. Throws UsageError.
[[nodiscard]] LoadEntry check_load_entry(LoadEntry entry);

}  // namespace xylem
