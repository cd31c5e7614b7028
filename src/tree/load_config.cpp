#include "xylem/tree/load_config.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "xylem/support/text.hpp"

#include "detail/loaders.hpp"
#include "detail/target_path.hpp"

namespace xylem {
namespace {

constexpr std::string_view no_effect = "no effect";

// docs/loading.md has the same table, and a test holds the two together.
constexpr std::array keys{
    LoadKey{"loader", "a loader's name", "must be given", "all"},
    LoadKey{"glob_str", "a pattern or a list of patterns", "must be given", "all"},
    LoadKey{"enabled", "true or false", "true", "all"},
    LoadKey{"base_path", "an absolute path", "the data directory", "all"},
    LoadKey{"ignore", "a pattern or a list of patterns", "nothing", "all"},
    LoadKey{"required", "true or false", "false", "all"},
    LoadKey{"target_group", "a path in the tree", "none", "all"},
    LoadKey{"target_path", "a path in the tree, with fields", "the entry's name, or a member of it for each file", "all"},
    LoadKey{"target_path_kwargs", "a mapping of strings", "nothing", "all"},
    LoadKey{"path_regex", "a regular expression with a group", "none", "all"},
    LoadKey{"exists_action", "raise, skip, skip_nowarn, overwrite, overwrite_nowarn", "raise", "all"},
    LoadKey{"load_as_attr", "true or false", "false", "all"},
    LoadKey{"unpack_data", "true or false", "false", "all"},
    LoadKey{"print_tree", "true, false or condensed", "false", "all"},
    LoadKey{"on_error", "raise or skip", "raise", "all"},
    LoadKey{"index", "a path, or true or false", "true: looked for near the files", "hdf5"},
    LoadKey{"load_as_proxy", "true or false", "false; true for hdf5_proxy and hdf5_as_dask", "hdf5"},
    LoadKey{"proxy_kwargs", "a mapping", "nothing", "hdf5"},
    LoadKey{"lower_case_keys", "true or false", "false", "hdf5"},
    LoadKey{"enable_mapping", "true or false", no_effect, "hdf5"},
    LoadKey{"map_from_attr", "an attribute's name", no_effect, "hdf5"},
    LoadKey{"direct_insertion", "true or false", no_effect, "hdf5"},
    LoadKey{"progress_params", "a mapping of level and fstr", no_effect, "hdf5"},
    LoadKey{"progress_indicator", "true or false", no_effect, "all"},
    LoadKey{"parallel", "true or false, a number, or a mapping", no_effect, "all"},
};

const std::vector<std::string> exists_actions{"raise", "skip", "skip_nowarn", "overwrite", "overwrite_nowarn"};

std::vector<std::string> key_names() {
  std::vector<std::string> names;
  for (const LoadKey& key : keys) names.emplace_back(key.name);
  return names;
}

// dantro's loaders and options that there are none of here, and why.
void refuse_by_name(const ConfigMap& map) {
  for (const char* key : {"include_files", "include_directories"}) {
    if (map.find(key) != nullptr) map.fail(key, "'{}' of dantro is not taken: all loaders read files, and never folders", key);
  }
}

PrintTree parse_print_tree(const ConfigMap& map) {
  if (map.find("print_tree") == nullptr) return PrintTree::no;
  const auto word = map.text("print_tree");
  if (*word == "condensed") return PrintTree::condensed;
  if (*word != "true" && *word != "false") {
    map.fail("print_tree", "'print_tree' needs to be true, false or condensed, and is '{}'", printable(*word));
  }
  return *word == "true" ? PrintTree::full : PrintTree::no;
}

std::optional<ExistsAction> parse_exists_action(const ConfigMap& map) {
  const auto word = map.choice("exists_action", exists_actions);
  if (!word) return std::nullopt;
  return static_cast<ExistsAction>(std::ranges::find(exists_actions, *word) - exists_actions.begin());
}

// What is taken for dantro's sake: ranks share out the files, and types of groups are not mapped from attributes.
void check_without_effect(const ConfigMap& map) {
  (void)map.boolean("progress_indicator");
  (void)map.boolean("direct_insertion");
  if (map.boolean("enable_mapping").value_or(false) && !map.text("map_from_attr")) {
    map.fail("enable_mapping", "'enable_mapping' needs 'map_from_attr'");
  }
  if (const auto progress = map.map("progress_params")) {
    progress->check_keys({"level", "fstr"});
    (void)progress->integer("level");
    (void)progress->text("fstr");
  }
  const YAML::Node* parallel = map.find("parallel");
  if (parallel == nullptr) return;
  if (parallel->IsMap()) {
    const ConfigMap options = *map.map("parallel");
    options.check_keys({"enabled", "processes", "min_files", "min_total_size"});
    (void)options.boolean("enabled");
    for (const char* key : {"processes", "min_files", "min_total_size"}) (void)options.integer(key);
  } else if (const auto word = map.text("parallel"); *word != "true" && *word != "false") {
    (void)map.integer("parallel");
  }
}

std::optional<ResolveAs> parse_proxy_kwargs(const ConfigMap& map) {
  const auto proxy = map.map("proxy_kwargs");
  if (!proxy) return std::nullopt;
  proxy->check_keys({"resolve_as_dask", "resolve_as"});
  std::optional<ResolveAs> result;
  if (const auto dask = proxy->boolean("resolve_as_dask")) result = *dask ? ResolveAs::chunked : ResolveAs::data;
  if (const auto word = proxy->choice("resolve_as", {"data", "chunked"})) {
    const ResolveAs asked = *word == "chunked" ? ResolveAs::chunked : ResolveAs::data;
    if (result && *result != asked) proxy->fail("resolve_as", "'resolve_as' and 'resolve_as_dask' contradict each other");
    result = asked;
  }
  return result;
}

LoadOptions parse_options(const ConfigMap& map) {
  refuse_by_name(map);
  map.check_keys(key_names());
  for (const char* key : {"loader", "glob_str"}) {
    if (map.find(key) == nullptr) map.fail(key, "'{}' must be given", key);
  }
  LoadOptions options;
  options.loader = *map.text("loader");
  options.glob_str = *map.texts("glob_str");
  options.glob_str.is_list = map.find("glob_str")->IsSequence();
  options.enabled = map.boolean("enabled").value_or(true);
  options.base_path = map.text("base_path");
  options.ignore = map.texts("ignore").value_or(std::vector<std::string>{});
  options.required = map.boolean("required").value_or(false);
  options.target_group = map.text("target_group");
  if (options.target_group == "") options.target_group.reset();  // the root, as in dantro
  options.target_path = map.text("target_path");
  if (const auto more = map.map("target_path_kwargs")) {
    for (const ConfigMap::Item& item : more->items()) {
      options.target_path_kwargs.emplace(item.key, more->text(item.key).value_or("None"));
    }
  }
  options.path_regex = map.text("path_regex");
  options.exists_action = parse_exists_action(map).value_or(ExistsAction::raise);
  options.load_as_attr = map.boolean("load_as_attr").value_or(false);
  options.unpack_data = map.boolean("unpack_data").value_or(false);
  options.print_tree = parse_print_tree(map);
  options.on_error = map.choice("on_error", {"raise", "skip"}) == "skip" ? FileErrorAction::skip : FileErrorAction::raise;
  if (const auto index = map.text("index"); index && *index != "true") {
    options.use_index = *index != "false";
    if (options.use_index) options.index = *index;
  }
  const auto as_proxy = map.boolean("load_as_proxy");
  options.load_as_proxy = as_proxy.value_or(false);
  options.resolve_as = parse_proxy_kwargs(map);
  options.lower_case_keys = map.boolean("lower_case_keys").value_or(false);
  check_without_effect(map);
  if (as_proxy && !*as_proxy && (options.loader == "hdf5_proxy" || options.loader == "hdf5_as_dask")) {
    map.fail("load_as_proxy", "'load_as_proxy' is false, and the loader {} gives proxies: take the loader hdf5", options.loader);
  }
  const Loader* loader = find_loader(options.loader);
  if (loader != nullptr && loader->kind != LoaderKind::hdf5) {
    for (const LoadKey& key : keys) {
      if (key.loaders == "hdf5" && map.find(std::string(key.name)) != nullptr) {
        map.fail(std::string(key.name), "'{}' is for HDF5 loaders, and the loader is {}", key.name, options.loader);
      }
    }
  }
  return options;
}

// What is wrong with an entry, and with which of its keys; nothing where it is right.
std::optional<std::pair<std::string, std::string>> find_mistake(const LoadEntry& entry) {
  const LoadOptions& options = entry.options;
  const auto mistake = [](std::string key, std::string what) { return std::pair(std::move(key), std::move(what)); };
  const Loader* loader = find_loader(options.loader);
  if (loader == nullptr) return mistake("loader", unknown_loader(options.loader));
  if (entry.name.empty()) return mistake("", "the name of a load entry is a path in the tree, and not empty");
  if (options.glob_str.patterns.empty()) return mistake("glob_str", "'glob_str' names no pattern");
  for (const std::string& pattern : options.glob_str.patterns) {
    if (pattern.empty()) return mistake("glob_str", "'glob_str' has an empty pattern");
  }
  if (options.base_path && options.base_path->rfind('/', 0) != 0 && options.base_path->rfind('~', 0) != 0) {
    return mistake("base_path",
                   fmt::format("'base_path' needs to be an absolute path, and is '{}'", printable(*options.base_path)));
  }
  if (options.target_group && options.target_path) {
    return mistake("target_group", "'target_group' and 'target_path' cannot both be given");
  }
  if (options.load_as_attr && !options.target_path) {
    return mistake("load_as_attr", "'load_as_attr' needs 'target_path', the object that gets the attribute");
  }
  if (options.unpack_data && !options.load_as_attr) return mistake("unpack_data", "'unpack_data' needs 'load_as_attr'");
  if (options.unpack_data && loader->kind == LoaderKind::hdf5) {
    return mistake("unpack_data", "'unpack_data' takes the data out of a container, and the HDF5 loaders give groups");
  }
  if (options.resolve_as && !options.load_as_proxy && loader->kind == LoaderKind::hdf5 && loader->name == "hdf5") {
    return mistake("proxy_kwargs", "'proxy_kwargs' is for proxies: set load_as_proxy, or take the loader hdf5_proxy");
  }
  if (loader->name == "hdf5_as_dask" && options.resolve_as == ResolveAs::data) {
    return mistake("proxy_kwargs", "'proxy_kwargs' says otherwise than the loader hdf5_as_dask: take the loader hdf5_proxy");
  }
  try {
    (void)TargetPath(target_format(entry), options.path_regex, options.target_path_kwargs);
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    return mistake(text.rfind("path_regex", 0) == 0 ? "path_regex" : "target_path", text);
  }
  return std::nullopt;
}

LoadEntry complete(LoadEntry entry) {
  LoadOptions& options = entry.options;
  const Loader& loader = *find_loader(options.loader);
  options.loader = loader.name;
  if (loader.name == "hdf5_proxy" || loader.name == "hdf5_as_dask") options.load_as_proxy = true;
  if (loader.name == "hdf5_as_dask") options.resolve_as = ResolveAs::chunked;
  return entry;
}

LoadEntry parse_entry(const ConfigMap& entries, const ConfigMap::Item& item) {
  const std::string what = fmt::format("load entry '{}'", printable(item.key));
  if (item.value.IsNull()) {
    throw UsageError("{}: {}: needs to be a mapping (key: value), and is nothing", place_of(item.key_node, entries.source()),
                     what);
  }
  const ConfigMap map(item.value, entries.source(), what);
  LoadEntry entry{item.key, parse_options(map), place_of(item.key_node, entries.source())};
  if (const auto mistake = find_mistake(entry)) map.fail(mistake->first, "{}", mistake->second);
  return complete(std::move(entry));
}

std::vector<NewGroup> parse_groups(const ConfigMap& map) {
  const YAML::Node* list = map.find("create_groups");
  std::vector<NewGroup> groups;
  if (list == nullptr) return groups;
  if (!list->IsSequence())
    map.fail("create_groups", "'create_groups' needs to be a list of paths, or of mappings with path and Cls");
  for (const auto& one : *list) {
    NewGroup& group = groups.emplace_back();
    if (one.IsScalar()) {
      group.path = one.Scalar();
    } else {
      const ConfigMap options(one, map.source(), "'create_groups'");
      options.check_keys({"path", "Cls"});
      if (options.find("path") == nullptr) options.fail("path", "'path' must be given");
      group.path = *options.text("path");
      group.type = options.choice("Cls", group_types());
    }
  }
  return groups;
}

}  // namespace

std::span<const LoadKey> load_keys() { return keys; }

std::vector<std::string> group_types() {
  return {"OrderedDataGroup", "IndexedDataGroup",    "LabelledDataGroup", "TimeSeriesGroup", "HeterogeneousTimeSeriesGroup",
          "ParamSpaceGroup",  "ParamSpaceStateGroup"};
}

std::string target_format(const LoadEntry& entry) {
  const LoadOptions& options = entry.options;
  if (options.target_path) return *options.target_path;
  const std::string& pattern = options.glob_str.patterns.front();
  const bool single = !options.glob_str.is_list && pattern.find('*') == std::string::npos;
  std::string name = entry.name;
  for (std::size_t at = 0; (at = name.find_first_of("{}", at)) != std::string::npos; at += 2) name.insert(at, 1, name[at]);
  if (options.target_group) return *options.target_group + "/" + (single ? name : "{basename:}");
  return single ? name : name + "/{basename:}";
}

LoadConfig parse_load_config(const YAML::Node& node, const std::string& source) {
  LoadConfig config;
  if (node.IsNull()) return config;
  const ConfigMap entries(node, source, "the load configuration");
  for (const ConfigMap::Item& item : entries.items()) config.entries.push_back(parse_entry(entries, item));
  return config;
}

LoadConfig parse_manager_config(const YAML::Node& node, const std::string& source) {
  if (!node.IsMap() || !node["load_cfg"]) return parse_load_config(node, source);
  const ConfigMap map(node, source, "the data manager");
  map.check_keys({"load_cfg", "create_groups", "print_tree", "exists_action"});
  LoadConfig config = parse_load_config(node["load_cfg"], source);
  config.create_groups = parse_groups(map);
  config.print_tree = parse_print_tree(map);
  if (const auto action = parse_exists_action(map)) {
    for (LoadEntry& entry : config.entries) entry.options.exists_action = *action;
  }
  return config;
}

LoadEntry check_load_entry(LoadEntry entry) {
  if (const auto mistake = find_mistake(entry)) {
    throw UsageError("load entry '{}': {}", printable(entry.name), mistake->second);
  }
  return complete(std::move(entry));
}

}  // namespace xylem
