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

/// What to do where a member of the tree is in the place of the one to be loaded.
enum class ExistsAction : std::uint8_t { raise, skip, skip_nowarn, overwrite, overwrite_nowarn };

/// What to do with a file that cannot be read: stop, or leave it out with a warning.
enum class FileErrorAction : std::uint8_t { raise, skip };

enum class PrintTree : std::uint8_t { no, full, condensed };

/// One glob pattern, or a list of them: a list gives a member a file even where it has one pattern without `*`.
struct GlobPatterns {
  GlobPatterns() = default;
  GlobPatterns(const char* pattern) : patterns{pattern} {}
  GlobPatterns(std::string pattern) : patterns{std::move(pattern)} {}
  GlobPatterns(std::vector<std::string> list) : patterns(std::move(list)), is_list(true) {}

  std::vector<std::string> patterns{};
  bool is_list = false;
};

/// One load operation, with dantro's names and meaning (docs/loading.md has the table).
struct LoadOptions {
  std::string loader{};
  GlobPatterns glob_str{};
  bool enabled = true;
  std::optional<std::string> base_path{};
  std::vector<std::string> ignore{};
  bool required = false;
  std::optional<std::string> target_group{};
  std::optional<std::string> target_path{};
  std::map<std::string, std::string> target_path_kwargs{};
  std::optional<std::string> path_regex{};
  ExistsAction exists_action = ExistsAction::raise;
  bool load_as_attr = false;
  bool unpack_data = false;
  PrintTree print_tree = PrintTree::no;
  FileErrorAction on_error = FileErrorAction::raise;
  bool use_index = true;                  ///< HDF5, as ScanOptions
  std::string index{};                    ///< HDF5: the index, from the folder of the entry on; empty: looked for near the files
  bool load_as_proxy = false;             ///< HDF5; `hdf5_proxy` and `hdf5_as_dask` imply it
  std::optional<ResolveAs> resolve_as{};  ///< HDF5, of proxies: `proxy_kwargs`
  bool lower_case_keys = false;           ///< HDF5; ASCII letters
};

/// An entry of a load configuration, checked.
struct LoadEntry {
  std::string name;
  LoadOptions options;
  std::string place{};  ///< "file:line:column" where it is from a text
};

/// A group to be made before anything is loaded.
struct NewGroup {
  std::string path;
  std::optional<std::string> type{};  ///< one of group_types()
};

/// What a DataManager is to load.
struct LoadConfig {
  std::vector<LoadEntry> entries{};
  std::vector<NewGroup> create_groups{};
  PrintTree print_tree = PrintTree::no;  ///< after all entries
};

/// A key of a load entry, for documentation and tests.
struct LoadKey {
  std::string_view name;
  std::string_view value;    ///< what it takes
  std::string_view absent;   ///< what holds where it is absent
  std::string_view loaders;  ///< "all" or "hdf5"
};
[[nodiscard]] std::span<const LoadKey> load_keys();

/// The loaders, without aliases; dantro's group types that groups may be made as.
[[nodiscard]] std::vector<std::string> loader_names();
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
