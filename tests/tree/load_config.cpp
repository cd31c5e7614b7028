#include "xylem/tree/load_config.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

LoadConfig parse(const std::string& text) { return parse_manager_config(parse_yaml(text, "c.yml"), "c.yml"); }

std::string error_of(const std::string& text) {
  try {
    (void)parse(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

// The keys of an entry `e`, on lines of their own from line 4 on.
std::string entry(const std::string& keys) {
  std::string text = "e:\n  loader: hdf5\n  glob_str: '*.h5'\n";
  std::istringstream lines(keys);
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  return text;
}

TEST(LoadConfig, ErrorsTellPlaceAndReason) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"e:\n  loader: hdf5\n  glb_str: x\n", "c.yml:3:3: load entry 'e': there is no key 'glb_str'; did you mean 'glob_str'?"},
      {"e:\n  loader: hdf5\n", "c.yml:2:3: load entry 'e': 'glob_str' must be given"},
      {"e:\n  glob_str: x\n", "c.yml:2:3: load entry 'e': 'loader' must be given"},
      {"e:\n  glob_str: x\n  loader: hdf5_prxy\n",
       "c.yml:3:11: load entry 'e': there is no loader 'hdf5_prxy'; did you mean 'hdf5_proxy'"},
      {"e:\n  glob_str: x\n  loader: xr_dataset\n", "c.yml:3:11: load entry 'e': dantro's loader 'xr_dataset' is not here"},
      {"e: 3\n", "c.yml:1:4: load entry 'e': needs to be a mapping (key: value), and is a single value"},
      {"e:\n", "c.yml:1:1: load entry 'e': needs to be a mapping (key: value), and is nothing"},
      {"[1, 2]", "c.yml:1:1: the load configuration: needs to be a mapping (key: value), and is a list"},
      {"a: [1\n", "c.yml:2:1: this is no YAML"},
      {"a: *b\n", "c.yml:1:4: this is no YAML"},
      {"a: b: c\n", "c.yml:1:5: this is no YAML"},
      {"? [1]\n: 2\n", "c.yml:1:3: the load configuration: a key needs to be a word, and this one is a list"},
      {"e: {loader: yaml, glob_str: a, loader: text}",
       "c.yml:1:32: load entry 'e': the key 'loader' stands here twice (first at c.yml:1:5)"},
      {"e: &a {<<: *a}", "c.yml:1:4: load entry 'e': mappings are merged ('<<') more than 16 deep"},
      {"e: {<<: 3}", "c.yml:1:9: load entry 'e': needs to be a mapping (key: value), and is a single value"},
      {"'': {loader: yaml, glob_str: a}", "c.yml:1:5: load entry '': the name of a load entry"},
      {entry("enabled: yes"), "c.yml:4:12: load entry 'e': 'enabled' needs to be true or false, and is 'yes'"},
      {entry("required: [true]"), "c.yml:4:13: load entry 'e': 'required' needs to be true or false, and is a list"},
      {entry("ignore: {a: b}"),
       "c.yml:4:11: load entry 'e': 'ignore' needs to be a string or a list of strings, and is a mapping"},
      {entry("ignore:\n- a\n- [b]"),
       "c.yml:6:5: load entry 'e': 'ignore' needs to be a list of strings, and this member is a list"},
      {entry("exists_action: overwite"),
       "c.yml:4:18: load entry 'e': 'exists_action' cannot be 'overwite'; did you mean 'overwrite'"},
      {entry("print_tree: full"), "c.yml:4:15: load entry 'e': 'print_tree' needs to be true, false or condensed, and is 'full'"},
      {entry("on_error: ignore"), "c.yml:4:13: load entry 'e': 'on_error' cannot be 'ignore'; it can be raise, skip"},
      {entry("base_path: runs"), "c.yml:4:14: load entry 'e': 'base_path' needs to be an absolute path, and is 'runs'"},
      {entry("target_group: a\ntarget_path: b"),
       "c.yml:4:17: load entry 'e': 'target_group' and 'target_path' cannot both be given"},
      {entry("load_as_attr: true"), "c.yml:4:17: load entry 'e': 'load_as_attr' needs 'target_path'"},
      {entry("unpack_data: true"), "c.yml:4:16: load entry 'e': 'unpack_data' needs 'load_as_attr'"},
      {entry("load_as_attr: true\ntarget_path: a\nunpack_data: true"),
       "c.yml:6:16: load entry 'e': 'unpack_data' takes the data"},
      {entry("proxy_kwargs: {resolve_as_dask: true}"), "c.yml:4:17: load entry 'e': 'proxy_kwargs' is for proxies"},
      {entry("load_as_proxy: true\nproxy_kwargs: {resolve_as_task: true}"),
       "c.yml:5:18: load entry 'e': 'proxy_kwargs': there is no key 'resolve_as_task'; did you mean 'resolve_as_dask'"},
      {entry("load_as_proxy: true\nproxy_kwargs: {resolve_as_dask: true, resolve_as: data}"),
       "c.yml:5:53: load entry 'e': 'proxy_kwargs': 'resolve_as' and 'resolve_as_dask' contradict each other"},
      {entry("load_as_proxy: true\nproxy_kwargs: {resolve_as: dask}"),
       "c.yml:5:30: load entry 'e': 'proxy_kwargs': 'resolve_as' cannot"},
      {"e: {loader: hdf5_as_dask, glob_str: a, proxy_kwargs: {resolve_as: data}}",
       "c.yml:1:54: load entry 'e': 'proxy_kwargs' says otherwise than the loader"},
      {"e: {loader: hdf5_proxy, glob_str: a, load_as_proxy: false}",
       "c.yml:1:53: load entry 'e': 'load_as_proxy' is false, and the loader hdf5_proxy gives proxies"},
      {"e: {loader: yaml, glob_str: a, lower_case_keys: true}",
       "c.yml:1:49: load entry 'e': 'lower_case_keys' is for HDF5 loaders, and the loader is yaml"},
      {entry("enable_mapping: true"), "c.yml:4:19: load entry 'e': 'enable_mapping' needs 'map_from_attr'"},
      {entry("include_directories: false"), "c.yml:4:24: load entry 'e': 'include_directories' of dantro is not taken"},
      {entry("parallel: {procs: 3}"), "c.yml:4:14: load entry 'e': 'parallel': there is no key 'procs'"},
      {entry("parallel: some"), "c.yml:4:13: load entry 'e': 'parallel' needs to be an integer, and is 'some'"},
      {entry("target_path: 'a/{match:}'"),
       "c.yml:4:16: load entry 'e': target path 'a/{match:}' has no {match} without path_regex"},
      {entry("target_path: 'a/{base_name}'"),
       "c.yml:4:16: load entry 'e': target path 'a/{base_name}' has no {base_name}; did you mean 'basename'?"},
      {entry("target_path: 'a/{basename'"), "c.yml:4:16: load entry 'e': target path 'a/{basename' has a { without a }"},
      {entry("target_path: 'a}'"), "c.yml:4:16: load entry 'e': target path 'a}' has a } without a {"},
      {entry("target_path: '{basename:d}'"), "c.yml:4:16: load entry 'e': 'd' is no format of a string"},
      {entry("path_regex: 'a(b'"), "c.yml:4:15: load entry 'e': path_regex 'a(b' is no regular expression"},
      {entry("path_regex: 'a'"), "c.yml:4:15: load entry 'e': path_regex 'a' has no group"},
      {entry("path_regex: '(?<=a)(b)'"), "c.yml:4:15: load entry 'e': path_regex '(?<=a)(b)': (?< is not understood"},
      {entry("path_regex: '(a)'\ntarget_path: '{groups[1]}'"),
       "c.yml:5:16: load entry 'e': target path '{groups[1]}' has no {groups[1]}"},
      {entry("glob_str: []").replace(entry("").find("  glob_str: '*.h5'\n"), 19, ""), "'glob_str' names no pattern"},
      {"load_cfg: {}\nprint_trees: true\n",
       "c.yml:2:1: the data manager: there is no key 'print_trees'; did you mean 'print_tree'?"},
      {"load_cfg: {}\ncreate_groups: a\n", "c.yml:2:16: the data manager: 'create_groups' needs to be a list"},
      {"load_cfg: {}\ncreate_groups:\n  - {path: a, Cls: TimeSeriesGrup}\n",
       "c.yml:3:20: 'create_groups': 'Cls' cannot be 'TimeSeriesGrup'; did you mean 'TimeSeriesGroup'"},
      {"load_cfg: {}\ncreate_groups:\n  - {Cls: TimeSeriesGroup}\n", "c.yml:3:5: 'create_groups': 'path' must be given"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string error = error_of(text);
    EXPECT_NE(error.find(expected), std::string::npos) << text << "\n" << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(LoadConfig, ReadsEveryKey) {
  const LoadConfig config = parse(R"(
e:
  loader: YML
  glob_str: [a, 'b*']
  enabled: false
  base_path: /data
  ignore: c
  required: true
  target_path: x/{basename}{more}
  target_path_kwargs: {more: 1}
  path_regex: (\d+)
  exists_action: skip_nowarn
  load_as_attr: true
  unpack_data: true
  print_tree: condensed
  on_error: skip
  progress_indicator: false
  parallel: 4
f: {loader: hdf5_as_dask, glob_str: a, lower_case_keys: true, base_path: ~, ignore:}
g: {loader: hdf5, glob_str: a, load_as_proxy: true, proxy_kwargs: {resolve_as: chunked}, target_group: t}
)");
  ASSERT_EQ(config.entries.size(), 3u);
  const LoadOptions& e = config.entries[0].options;
  EXPECT_EQ(config.entries[0].name, "e");
  EXPECT_EQ(config.entries[0].place, "c.yml:2:1");
  EXPECT_EQ(e.loader, "yaml");
  EXPECT_EQ(e.glob_str.patterns, (std::vector<std::string>{"a", "b*"}));
  EXPECT_TRUE(e.glob_str.is_list);
  EXPECT_FALSE(e.enabled);
  EXPECT_EQ(e.base_path, "/data");
  EXPECT_EQ(e.ignore, std::vector<std::string>{"c"});
  EXPECT_TRUE(e.required);
  EXPECT_EQ(e.target_path, "x/{basename}{more}");
  EXPECT_EQ(e.target_path_kwargs, (std::map<std::string, std::string>{{"more", "1"}}));
  EXPECT_EQ(e.path_regex, "(\\d+)");
  EXPECT_EQ(e.exists_action, ExistsAction::skip_nowarn);
  EXPECT_TRUE(e.load_as_attr && e.unpack_data);
  EXPECT_EQ(e.print_tree, PrintTree::condensed);
  EXPECT_EQ(e.on_error, FileErrorAction::skip);
  const LoadOptions& f = config.entries[1].options;
  EXPECT_TRUE(f.load_as_proxy && f.lower_case_keys && !f.base_path && f.ignore.empty() && !f.glob_str.is_list);
  EXPECT_EQ(f.resolve_as, ResolveAs::chunked);
  EXPECT_EQ(config.entries[2].options.resolve_as, ResolveAs::chunked);
  EXPECT_EQ(config.entries[2].options.target_group, "t");
}

TEST(LoadConfig, DamagedTextIsAnErrorOfOneLine) {
  for (const char* name : {"fields", "defaults", "doc_groups", "doc_simulations", "overwritten"}) {
    std::ifstream file(std::string(XYLEM_GOLDEN) + "/load/" + name + ".yml");
    ASSERT_TRUE(file.good()) << name;
    std::ostringstream text;
    text << file.rdbuf();
    const std::string intact = text.str();
    std::mt19937 random(11);
    const auto pick = [&](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
    const std::string marks = "{}[]:,-&*!|>'\"%@`#?~<\n \t\\()x0\x01\xff";
    for (int trial = 0; trial < 1500; ++trial) {
      std::string damaged = intact;
      for (std::size_t edits = 1 + pick(3); edits > 0; --edits) {
        const std::size_t at = pick(damaged.size());
        switch (pick(3)) {
          case 0: damaged[at] = marks[pick(marks.size())]; break;
          case 1: damaged.insert(at, 1, marks[pick(marks.size())]); break;
          default: damaged.erase(at, 1 + pick(20));
        }
        if (damaged.empty()) damaged = " ";
      }
      try {
        (void)parse(damaged);
      } catch (const UsageError& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        EXPECT_EQ(std::string(error.what()).rfind("c.yml:", 0), 0u) << error.what() << "\n" << damaged;
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what() << "\n" << damaged;
      }
    }
  }
}

TEST(LoadConfig, OptionsOfProgramsAreCheckedToo) {
  EXPECT_THROW((void)check_load_entry({"e", {.loader = "hdf5"}}), UsageError);
  EXPECT_THROW((void)check_load_entry({"", {.loader = "hdf5", .glob_str = "a"}}), UsageError);
  EXPECT_TRUE(check_load_entry({"e", {.loader = "HDF5_Proxy", .glob_str = "a"}}).options.load_as_proxy);
}

// The keys of the table in docs/loading.md: `key` | value | where absent | loaders.
TEST(LoadConfig, DocumentationHasTheTableOfKeys) {
  std::ifstream file(XYLEM_DOCS "/loading.md");
  ASSERT_TRUE(file.good());
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `", 0) == 0 && line.find("| all |") + line.find("| hdf5 |") != 2 * std::string::npos) rows.push_back(line);
  }
  ASSERT_EQ(rows.size(), load_keys().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const LoadKey& key = load_keys()[i];
    EXPECT_EQ(rows[i].find(fmt::format("| `{}` | {} | {} | {} |", key.name, key.value, key.absent, key.loaders)), 0u) << rows[i];
  }
}

}  // namespace
