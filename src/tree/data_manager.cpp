#include "xylem/tree/data_manager.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "xylem/storage/files.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/object.hpp"
#include "xylem/tree/resolve.hpp"

#include "detail/loaders.hpp"
#include "detail/on_rank_zero.hpp"
#include "detail/read_texts.hpp"
#include "detail/target_path.hpp"

namespace fs = std::filesystem;

namespace xylem {
namespace {

std::string joined(const std::vector<std::string>& path, std::size_t count) {
  return fmt::format("{}", fmt::join(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(count), "/"));
}

std::string joined(const std::vector<std::string>& path) { return joined(path, path.size()); }

// One loaded file, on its way into the tree.
struct Loaded {
  std::shared_ptr<Node> node;  // null: it could not be read and is left out
  bool is_file_root = false;
};

// The proxies below a group whose elements can be read; the others are counted.
void collect(const Group& group, std::vector<Container*>& containers, std::size_t& others) {
  for (const auto& member : group.members()) {
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) collect(*inner, containers, others);
    auto* container = dynamic_cast<Container*>(member.get());
    if (container == nullptr) continue;
    if (container->info().dtype.is_numeric() && !container->info().null) {
      containers.push_back(container);
    } else {
      ++others;
    }
  }
}

Attributes of_file(const std::string& file) {
  return {{"filepath", {{TypeClass::string}, {}, false, std::vector<std::string>{file}}}};
}

// Content that is a string, or a list of them or of numbers, as the plain value of an attribute; nothing for other content.
std::optional<AttributeValue> plain_value(const Node& node) {
  if (const auto* text = dynamic_cast<const TextContainer*>(&node)) {
    return AttributeValue{{TypeClass::string}, {}, false, std::vector<std::string>{text->text()}};
  }
  const auto* yaml = dynamic_cast<const YamlContainer*>(&node);
  if (yaml == nullptr || yaml->content().IsMap() || yaml->content().IsNull()) return std::nullopt;
  std::vector<YAML::Node> elements;
  Shape shape;
  if (yaml->content().IsSequence()) {
    for (const auto& element : yaml->content()) elements.push_back(element);
    shape = {static_cast<std::int64_t>(elements.size())};
  } else {
    elements.push_back(yaml->content());
  }
  const auto all = [&]<class T>(T, DType dtype) -> std::optional<AttributeValue> {
    std::vector<T> values;
    for (const YAML::Node& element : elements) {
      T value{};
      const bool quoted = element.Tag() == "!" && !std::is_same_v<T, std::string>;
      if (!element.IsScalar() || quoted || !YAML::convert<T>::decode(element, value)) return std::nullopt;
      values.push_back(std::move(value));
    }
    return AttributeValue{dtype, shape, false, std::move(values)};
  };
  if (auto integers = all(std::int64_t{}, {TypeClass::integer, 8})) return integers;
  if (auto reals = all(double{}, {TypeClass::floating, 8})) return reals;
  return all(std::string{}, {TypeClass::string});
}

// The names of what lies below a node, for suggestions.
void collect_paths(const Group& group, const std::string& above, std::vector<std::string>& paths) {
  for (const auto& member : group.members()) {
    paths.push_back(above + member->name());
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) collect_paths(*inner, paths.back() + "/", paths);
  }
}

}  // namespace

DataManager::DataManager(const Communicator& comm, const std::string& data_dir, std::string name) : comm_(&comm) {
  data_dir_ = on_rank_zero(comm, [&] {
    std::error_code error;
    const std::string here = fs::current_path(error).string();
    std::string folder = absolute_path(data_dir, here);
    if (!fs::is_directory(folder, error)) {
      throw UsageError("the data directory '{}' is not there, or is no folder", printable(folder));
    }
    return folder;
  });
  if (name.empty()) {
    name = fs::path(data_dir_).filename().string() + "_Manager";
    std::replace(name.begin(), name.end(), ' ', '_');
  }
  root_ = std::make_shared<Group>(std::move(name), Attributes{});
}

Group& DataManager::new_group(const std::string& path, const std::string& type) {
  Group* group = root_.get();
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty()) throw UsageError("the path '{}' of a group has an empty component", printable(path));
    Node* member = group->find(name);
    if (member == nullptr) {
      const bool last = end == path.size();
      member = &group->add(std::make_shared<Group>(name, Attributes{}, last ? type : group->type_of_new_groups()));
    }
    group = dynamic_cast<Group*>(member);
    if (group == nullptr) {
      throw UsageError("'{}' is no group, and cannot hold a member: '{}' needs it to be one", printable(path.substr(0, end)),
                       printable(path));
    }
  }
  return *group;
}

Container& DataManager::container(const std::string& path) {
  if (auto* found = dynamic_cast<Container*>(root_->find(path))) return *found;
  std::vector<std::string> paths;
  collect_paths(*root_, "", paths);
  throw UsageError("there is no container '{}' in '{}'{}", printable(path), printable(root_->name()), did_you_mean(path, paths));
}

void DataManager::load(const std::string& entry_name, const LoadOptions& options) {
  load(comm_->agree([&] { return check_load_entry({entry_name, options}); }));
}

void DataManager::load_from_cfg(const LoadConfig& config) {
  comm_->agree([&] {
    for (const NewGroup& group : config.create_groups) {
      if (root_->find(group.path) != nullptr) throw UsageError("'create_groups': '{}' is there already", printable(group.path));
      new_group(group.path, group.type);
    }
  });
  for (const LoadEntry& entry : config.entries) load(entry);
  print(config.print_tree);
}

void DataManager::load_from_cfg(const std::string& yaml) {
  load_from_cfg(comm_->agree([&] { return parse_manager_config(parse_yaml(yaml, "load configuration"), "load configuration"); }));
}

// Puts what one entry loads into the tree, file by file.
class DataManager::Store {
 public:
  Store(DataManager& manager, const LoadEntry& entry) : root_(*manager.root_), manager_(manager), entry_(entry) {}

  // True where it is in the tree now.
  bool put(const std::vector<std::string>& path, Loaded loaded) {
    if (entry_.options.load_as_attr) {
      attach(path, std::move(loaded.node));
      return true;
    }
    const bool exists = root_.find(joined(path)) != nullptr;
    if (exists && !may_overwrite(path)) return false;
    Group& group = path.size() == 1 ? root_ : manager_.new_group(joined(path, path.size() - 1), parent_type(path));
    if (exists) group.remove(path.back());
    if (loaded.is_file_root) {
      group.mount(std::static_pointer_cast<Group>(std::move(loaded.node)), path.back());
    } else {
      group.add(std::move(loaded.node));
    }
    return true;
  }

 private:
  // A group made for the file itself is of the type that the group around it prescribes.
  [[nodiscard]] std::string parent_type(const std::vector<std::string>& path) const {
    const auto* above =
        path.size() < 3 ? &root_ : dynamic_cast<const Group*>(std::as_const(root_).find(joined(path, path.size() - 2)));
    return above == nullptr ? "OrderedDataGroup" : above->type_of_new_groups();
  }

  void attach(const std::vector<std::string>& path, std::shared_ptr<Node> node) {
    Node* target = root_.find(joined(path));
    if (target == nullptr) {
      throw UsageError("'load_as_attr': there is no '{}' to hold the attribute; load it first", printable(joined(path)));
    }
    if (entry_.options.unpack_data) {
      if (auto value = plain_value(*node)) return target->set_attribute(entry_.name, std::move(*value));
    }
    target->set_attribute(entry_.name, std::move(node));
  }

  bool may_overwrite(const std::vector<std::string>& path) {
    const ExistsAction action = entry_.options.exists_action;
    const std::string what = fmt::format("'{}' is in the tree already", printable(joined(path)));
    if (action == ExistsAction::raise) throw UsageError("{}; exists_action can be set to skip or overwrite", what);
    if (action == ExistsAction::skip) manager_.warn(entry_, what + ", and is skipped");
    if (action == ExistsAction::overwrite) manager_.warn(entry_, what + ", and is overwritten");
    return action == ExistsAction::overwrite || action == ExistsAction::overwrite_nowarn;
  }

  Group& root_;
  DataManager& manager_;
  const LoadEntry& entry_;
};

void DataManager::warn(const LoadEntry& entry, const std::string& what) {
  files_.warnings.push_back(fmt::format("load entry '{}': {}", printable(entry.name), what));
}

void DataManager::load(const LoadEntry& entry) {
  const LoadOptions& options = entry.options;
  if (!options.enabled) return;
  const std::string where = entry.place.empty() ? "" : entry.place + ": ";
  const auto blame = [&](const std::string& what) {
    return fmt::format("{}load entry '{}': {}", where, printable(entry.name), what);
  };
  const std::string base = options.base_path ? absolute_path(*options.base_path, data_dir_) : data_dir_;
  const auto [files, warnings] = on_rank_zero(*comm_, [&] {
    std::vector<std::string> unreadable;
    auto found = match_files(base, options.glob_str.patterns, options.ignore, unreadable);
    return std::pair(std::move(found), std::move(unreadable));
  });
  for (const std::string& warning : warnings) warn(entry, warning);

  std::vector<TargetPath::Result> targets;
  comm_->agree([&] {
    if (files.empty()) {
      const std::string what = fmt::format("no file below '{}' matches '{}'{}", printable(base),
                                           printable(fmt::format("{}", fmt::join(options.glob_str.patterns, "', '"))),
                                           options.ignore.empty() ? "" : " and is not ignored");
      if (options.required) throw UsageError("{}, and it is required", blame(what));
      warn(entry, what);
    }
    try {
      const TargetPath target(target_format(entry), options.path_regex, options.target_path_kwargs);
      for (const std::string& file : files) {
        targets.push_back(target.of(file, base));
        if (!targets.back().matched) {
          warn(entry, fmt::format("path_regex matches nothing in '{}': its base name is taken", printable(file)));
        }
      }
    } catch (const std::invalid_argument& error) {
      throw UsageError("{}", blame(error.what()));
    }
  });
  if (files.empty()) return;

  const bool skip = options.on_error == FileErrorAction::skip;
  const Loader& loader = *find_loader(options.loader);
  Tree scanned;
  std::vector<Loaded> loaded(files.size());
  if (loader.kind == LoaderKind::hdf5) {
    scanned = scan_tree(*comm_, files, {skip, options.lower_case_keys, options.resolve_as.value_or(ResolveAs::data)});
    std::size_t next = 0;  // files that could not be read are missing among those scanned
    for (std::size_t i = 0; i < files.size() && next < scanned.files.size(); ++i) {
      if (scanned.files[next].file == files[i]) loaded[i] = {scanned.files[next++].root, true};
    }
  } else {
    const auto texts = read_texts(*comm_, files, skip, scanned.warnings);
    comm_->agree([&] {
      for (std::size_t i = 0; i < files.size(); ++i) {
        if (!texts[i]) continue;
        const std::string name = options.load_as_attr ? entry.name : targets[i].path.back();
        if (loader.kind == LoaderKind::text) {
          loaded[i].node = std::make_shared<TextContainer>(name, of_file(files[i]), *texts[i]);
          continue;
        }
        try {
          loaded[i].node = std::make_shared<YamlContainer>(name, of_file(files[i]), parse_yaml(*texts[i], files[i]),
                                                           loader.name == "yaml_to_object");
        } catch (const UsageError& error) {
          if (!skip) throw DataError("{}", error.what());
          scanned.warnings.push_back(fmt::format("left out: {}", error.what()));
        }
      }
    });
  }

  std::vector<Container*> to_resolve;
  std::size_t others = 0;
  comm_->agree([&] {
    Store store(*this, entry);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!loaded[i].node) continue;
      const std::shared_ptr<Node> node = loaded[i].node;
      try {
        if (!store.put(targets[i].path, std::move(loaded[i]))) continue;
      } catch (const UsageError& error) {
        throw UsageError("{}", blame(fmt::format("'{}': {}", printable(files[i]), error.what())));
      }
      if (loader.kind == LoaderKind::hdf5 && !options.load_as_proxy)
        collect(dynamic_cast<const Group&>(*node), to_resolve, others);
    }
  });
  std::move(scanned.files.begin(), scanned.files.end(), std::back_inserter(files_.files));
  std::erase_if(files_.files, [](const FileTree& file) { return file.root.use_count() == 1; });  // skipped, or overwritten
  std::move(scanned.linked_files.begin(), scanned.linked_files.end(), std::back_inserter(files_.linked_files));
  files_.link_targets.merge(scanned.link_targets);
  for (const std::string& warning : scanned.warnings) warn(entry, warning);
  if (!to_resolve.empty()) resolve(*comm_, to_resolve, {.as = ResolveAs::data});
  if (others > 0)
    warn(entry, fmt::format("{} not numeric and stay proxies",
                            others == 1 ? "one dataset is" : std::to_string(others) + " datasets are"));
  print(options.print_tree);
}

std::string DataManager::tree(const TreeFormat& format, std::vector<std::string>& problems) const {
  return format_tree(files_, *root_, format, problems);
}

std::string DataManager::tree(const TreeFormat& format) const {
  std::vector<std::string> ignored;
  return tree(format, ignored);
}

void DataManager::print(PrintTree how) const {
  if (how == PrintTree::no) return;
  comm_->agree([&] {
    if (comm_->rank() != 0) return;
    TreeFormat format;
    if (how == PrintTree::condensed) format.condensed = default_condense_threshold;
    const std::string text = tree(format);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw ResourceError("the tree cannot be written to standard output");
    }
  });
}

}  // namespace xylem
