// How one entry of a load configuration gets into the tree of a data manager.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "xylem/storage/files.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/data_manager.hpp"
#include "xylem/tree/object.hpp"
#include "xylem/tree/resolve.hpp"

#include "detail/loaders.hpp"
#include "detail/on_rank_zero.hpp"
#include "detail/read_texts.hpp"
#include "detail/target_path.hpp"

namespace xylem {
namespace {

using Path = std::vector<std::string>;

std::string joined(const Path& path, std::size_t count) {
  return fmt::format("{}", fmt::join(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(count), "/"));
}

std::string joined(const Path& path) { return joined(path, path.size()); }

// The proxies below a group whose elements can be read; the others are counted.
void collect(const Group& group, std::vector<Container*>& containers, std::size_t& others) {
  for (const auto& member : group.members()) {
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) collect(*inner, containers, others);
    auto* container = dynamic_cast<Container*>(member.get());
    if (container == nullptr) continue;
    if (is_resolvable(container->info())) {
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

}  // namespace

class DataManager::EntryLoader {
 public:
  EntryLoader(DataManager& manager, const LoadEntry& entry)
      : manager_(manager),
        comm_(*manager.comm_),
        entry_(entry),
        options_(entry.options),
        loader_(*find_loader(entry.options.loader)),
        base_(options_.base_path ? absolute_path(*options_.base_path, manager.data_dir_) : manager.data_dir_) {}

  // Collective: yes.
  void run() {
    find_files();
    comm_.agree([&] { find_targets(); });
    if (files_.empty()) return;
    loader_.kind == LoaderKind::hdf5 ? scan_files() : read_files();
    comm_.agree([&] { store_all(); });
    const std::vector<std::weak_ptr<Group>> loaded = remember_files();
    if (loader_.kind == LoaderKind::hdf5 && !options_.load_as_proxy) read_elements(loaded);
  }

 private:
  [[nodiscard]] std::string blame(const std::string& what) const {
    const std::string place = entry_.place.empty() ? "" : entry_.place + ": ";
    return fmt::format("{}load entry '{}': {}", place, printable(entry_.name), what);
  }

  void warn(const std::string& what) {
    manager_.files_.warnings.push_back(fmt::format("load entry '{}': {}", printable(entry_.name), what));
  }

  [[nodiscard]] bool skips_unreadable() const { return options_.on_error == FileErrorAction::skip; }

  void find_files() {
    std::vector<std::string> warnings;
    std::tie(files_, warnings) = on_rank_zero(comm_, [&] {
      std::vector<std::string> unreadable;
      auto found = match_files(base_, options_.glob_str.patterns, options_.ignore, unreadable);
      return std::pair(std::move(found), std::move(unreadable));
    });
    for (const std::string& warning : warnings) warn(warning);
  }

  void find_targets() {
    if (files_.empty()) {
      const std::string what = fmt::format("no file below '{}' matches '{}'{}", printable(base_),
                                           printable(fmt::format("{}", fmt::join(options_.glob_str.patterns, "', '"))),
                                           options_.ignore.empty() ? "" : " and is not ignored");
      if (options_.required) throw UsageError("{}, and it is required", blame(what));
      warn(what);
    }
    try {
      const TargetPath target(target_format(entry_), options_.path_regex, options_.target_path_kwargs);
      for (const std::string& file : files_) {
        auto [path, matched] = target.of(file, base_);
        if (!matched) warn(fmt::format("path_regex matches nothing in '{}': its base name is taken", printable(file)));
        targets_.push_back(std::move(path));
      }
    } catch (const std::invalid_argument& error) {
      throw UsageError("{}", blame(error.what()));
    }
    nodes_.resize(files_.size());
  }

  // Collective: yes.
  void scan_files() {
    ScanOptions scan{skips_unreadable(), options_.lower_case_keys, options_.resolve_as.value_or(ResolveAs::data)};
    scan.use_index = options_.use_index;
    if (!options_.index.empty()) scan.index = absolute_path(options_.index, base_);
    scanned_ = scan_tree(comm_, files_, scan);
    for (const std::string& warning : scanned_.warnings) warn(warning);
    for (const SkippedFile& file : scanned_.skipped) manager_.files_.skipped.push_back(file);
    if (skips_unreadable()) manager_.may_be_skipped_.insert(files_.begin(), files_.end());
    std::size_t next = 0;  // those that could not be read are missing
    for (std::size_t i = 0; i < files_.size() && next < scanned_.files.size(); ++i) {
      if (scanned_.files[next].file == files_[i]) nodes_[i] = scanned_.files[next++].root;
    }
    for (std::size_t i = 0; i < files_.size() && !options_.load_as_attr; ++i) {
      if (!nodes_[i]) manager_.skipped_paths_.push_back(joined(targets_[i]));
    }
  }

  // Collective: yes.
  void read_files() {
    std::vector<std::string> warnings;
    const auto texts = read_texts(comm_, files_, skips_unreadable(), warnings);
    comm_.agree([&] {
      for (std::size_t i = 0; i < files_.size(); ++i) {
        if (texts[i])
          nodes_[i] = make_leaf(files_[i], *texts[i], options_.load_as_attr ? entry_.name : targets_[i].back(), warnings);
      }
    });
    for (const std::string& warning : warnings) warn(warning);
  }

  [[nodiscard]] std::shared_ptr<Node> make_leaf(const std::string& file, const std::string& text, const std::string& name,
                                                std::vector<std::string>& warnings) const {
    if (loader_.kind == LoaderKind::text) return std::make_shared<TextContainer>(name, of_file(file), text);
    try {
      return std::make_shared<YamlContainer>(name, of_file(file), parse_yaml(text, file), loader_.name == "yaml_to_object");
    } catch (const UsageError& error) {
      if (!skips_unreadable()) throw DataError("{}", error.what());
      warnings.push_back(fmt::format("left out: {}", error.what()));
      return nullptr;
    }
  }

  void store_all() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!nodes_[i]) continue;
      try {
        if (options_.load_as_attr) {
          attach(targets_[i], std::move(nodes_[i]));
        } else {
          put(targets_[i], std::move(nodes_[i]));
        }
      } catch (const UsageError& error) {
        throw UsageError("{}", blame(fmt::format("'{}': {}", printable(files_[i]), error.what())));
      }
    }
  }

  void put(const Path& path, std::shared_ptr<Node> node) {
    Group& root = *manager_.root_;
    const bool exists = root.find(joined(path)) != nullptr;
    if (exists && !may_overwrite(path)) return;
    Group& group = path.size() == 1 ? root : manager_.new_group(joined(path, path.size() - 1));
    if (exists) group.remove(path.back());
    if (loader_.kind == LoaderKind::hdf5) {
      group.mount(std::static_pointer_cast<Group>(std::move(node)), path.back());
    } else {
      group.add(std::move(node));
    }
  }

  void attach(const Path& path, std::shared_ptr<Node> node) {
    Node* target = manager_.root_->find(joined(path));
    if (target == nullptr) {
      throw UsageError("'load_as_attr': there is no '{}' to hold the attribute; load it first", printable(joined(path)));
    }
    if (options_.unpack_data) {
      if (auto value = plain_value(*node)) return target->set_attribute(entry_.name, std::move(*value));
    }
    target->set_attribute(entry_.name, std::move(node));
  }

  bool may_overwrite(const Path& path) {
    const ExistsAction action = options_.exists_action;
    const std::string what = fmt::format("'{}' is in the tree already", printable(joined(path)));
    if (action == ExistsAction::raise) throw UsageError("{}; exists_action can be set to skip or overwrite", what);
    if (action == ExistsAction::skip) warn(what + ", and is skipped");
    if (action == ExistsAction::overwrite) warn(what + ", and is overwritten");
    return action == ExistsAction::overwrite || action == ExistsAction::overwrite_nowarn;
  }

  // The files that are in the tree become known to the manager, and those that are there no longer are forgotten.
  std::vector<std::weak_ptr<Group>> remember_files() {
    Tree& known = manager_.files_;
    std::vector<std::weak_ptr<Group>> loaded;
    for (FileTree& file : scanned_.files) {
      loaded.push_back(file.root);
      known.files.push_back(std::move(file));
    }
    // Skipped or overwritten ones, and then those that were mounted in them.
    while (std::erase_if(known.files, [](const FileTree& file) { return file.root.use_count() == 1; }) > 0) {
    }
    std::move(scanned_.linked_files.begin(), scanned_.linked_files.end(), std::back_inserter(known.linked_files));
    known.link_targets.merge(scanned_.link_targets);
    return loaded;
  }

  // Collective: yes.
  void read_elements(const std::vector<std::weak_ptr<Group>>& loaded) {
    std::vector<Container*> to_resolve;
    std::size_t others = 0;
    for (const auto& file : loaded) {
      if (const auto root = file.lock()) collect(*root, to_resolve, others);
    }
    resolve(comm_, to_resolve, {.as = ResolveAs::data});
    if (others > 0)
      warn(fmt::format("{} that cannot be resolved (neither numbers nor strings along one dim) stay as proxies",
                       plural(others, "dataset")));
  }

  DataManager& manager_;
  const Communicator& comm_;
  const LoadEntry& entry_;
  const LoadOptions& options_;
  const Loader& loader_;
  std::string base_;
  std::vector<std::string> files_;
  std::vector<Path> targets_;                 // a file's place in the tree
  std::vector<std::shared_ptr<Node>> nodes_;  // what is loaded from it; null where it is left out
  Tree scanned_;
};

void DataManager::load(const LoadEntry& entry) {
  if (!entry.options.enabled) return;
  EntryLoader(*this, entry).run();
  print(entry.options.print_tree);
}

}  // namespace xylem
