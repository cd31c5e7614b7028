#include "xylem/tree/select.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr std::size_t max_listed = 8;

// Calls visit(path, node) for every node below a file's root, in the order of the tree.
void for_each_node(const Group& root, const std::function<void(const std::string&, const Node&)>& visit) {
  std::vector<std::pair<std::string, const Node*>> stack;
  const auto push = [&](const std::string& path, const Group& group) {
    for (auto member = group.members().rbegin(); member != group.members().rend(); ++member) {
      stack.emplace_back(path + "/" + (*member)->name(), member->get());
    }
  };
  push("", root);
  while (!stack.empty()) {
    const auto [path, node] = std::move(stack.back());
    stack.pop_back();
    visit(path, *node);
    if (const auto* group = dynamic_cast<const Group*>(node)) push(path, *group);
  }
}

std::string absolute(const std::string& path) { return path[0] == '/' ? path : "/" + path; }

// The paths of everything but groups, for suggestions.
std::set<std::string> leaf_paths(const FileTree& file) {
  std::set<std::string> paths;
  for_each_node(*file.root, [&](const std::string& path, const Node& node) {
    if (dynamic_cast<const Group*>(&node) == nullptr) paths.insert(path);
  });
  return paths;
}

class Selector {
 public:
  explicit Selector(const Tree& tree) : tree_(tree) {}

  void take_all() {
    std::size_t links = 0;
    for (const FileTree& file : tree_.files) {
      for_each_node(*file.root, [&](const std::string& path, const Node& node) {
        if (const auto* container = dynamic_cast<const Container*>(&node)) take(*container, path);
        if (dynamic_cast<const Link*>(&node) != nullptr) ++links;
      });
    }
    if (result_.datasets.empty()) {
      const std::string hint = links == 0 ? "" : fmt::format("; {} not followed: name them with -v", plural(links, "link"));
      result_.notes.push_back(fmt::format("no numeric dataset in {}{}", files(), hint));
    }
  }

  void take(const std::string& pattern) {
    const std::size_t before = asked_;
    std::size_t files_with = 0;
    for (const FileTree& file : tree_.files) {
      const std::size_t before_file = asked_;
      const Place named = tree_.find(file, pattern);
      if (named.node != nullptr) {
        take_named(named, pattern);
      } else if (is_glob(pattern)) {
        take_matching(file, pattern);
      } else if (pattern.find('/') == std::string::npos) {
        take_last_names(file, pattern);
      }
      if (asked_ > before_file) ++files_with;
    }
    if (asked_ == before) {
      if (is_glob(pattern)) throw UsageError("no dataset in {} matches '{}'", files(), printable(pattern));
      std::set<std::string> paths;
      for (const FileTree& file : tree_.files) paths.merge(leaf_paths(file));
      throw UsageError("no dataset '{}' in {}{}", printable(pattern), files(),
                       did_you_mean(absolute(pattern), {paths.begin(), paths.end()}));
    }
    if (files_with < tree_.files.size()) {
      result_.notes.push_back(fmt::format("'{}' is in {} of {} files only", printable(pattern), files_with, tree_.files.size()));
    }
  }

  Selection finish() {
    if (!skipped_.empty()) {
      const std::size_t shown = std::min(skipped_.size(), max_listed);
      std::string list =
          fmt::format("{}", fmt::join(skipped_.begin(), skipped_.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
      if (shown < skipped_.size()) list += fmt::format(", ... ({} more)", skipped_.size() - shown);
      result_.notes.push_back(fmt::format("skipped {}, not numeric: {}", plural(skipped_.size(), "dataset"), list));
    }
    // File by file, whatever the order of the patterns: each is opened once.
    std::map<std::string, std::size_t> places;
    for (const FileTree& file : tree_.files) places.emplace(file.file, places.size());
    const auto place = [&](const auto& info) {
      const auto found = places.find(info->ref.file);
      return found == places.end() ? places.size() : found->second;  // files that links lead to come last
    };
    std::stable_sort(result_.datasets.begin(), result_.datasets.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string files() const {
    return tree_.files.size() == 1 ? fmt::format("'{}'", printable(tree_.files[0].file))
                                   : fmt::format("the {} files", tree_.files.size());
  }

  void take_named(const Place& named, const std::string& pattern) {
    const FileTree& file = *named.file;
    const Place place = tree_.follow(named);
    if (place.node == nullptr) {
      const LinkInfo& link = dynamic_cast<const Link&>(*named.node).info();
      const std::string target = link.kind == LinkKind::external ? link.target_file + ":" + link.target : link.target;
      throw UsageError("'{}' of '{}' is a link to '{}', which is not there", printable(absolute(pattern)), printable(file.file),
                       printable(target));
    }
    const auto* container = dynamic_cast<const Container*>(place.node);
    if (container == nullptr) {
      const std::string group = place.node->path() == "/" ? "" : place.node->path();
      throw UsageError("'{}' of '{}' is not a dataset; for all in the group write '{}/**'", printable(absolute(pattern)),
                       printable(place.file->file), printable(group));
    }
    if (!container->info().dtype.is_numeric()) {
      throw UsageError("'{}' of '{}' is of type {}: statistics take booleans, integers and floats (16, 32 or 64 bits)",
                       printable(absolute(pattern)), printable(file.file), container->info().dtype.name());
    }
    take(*container, container->info().ref.path);
  }

  // Datasets that are called so, in whatever groups.
  void take_last_names(const FileTree& file, const std::string& name) {
    for_each_node(*file.root, [&](const std::string& path, const Node& node) {
      if (path.ends_with("/" + name) && dynamic_cast<const Group*>(&node) == nullptr) take_named({&file, &node}, path);
    });
  }

  void take_matching(const FileTree& file, const std::string& pattern) {
    const bool any_depth = pattern.find('/') == std::string::npos;
    for_each_node(*file.root, [&](const std::string& path, const Node& node) {
      if (!glob_match(any_depth ? pattern : absolute(pattern), any_depth ? path.substr(path.rfind('/') + 1) : path)) return;
      if (const auto* container = dynamic_cast<const Container*>(tree_.follow({&file, &node}).node)) take(*container, path);
    });
  }

  void take(const Container& container, const std::string& path) {
    ++asked_;
    const DatasetInfo& info = container.info();
    if (!seen_.insert(&info).second) return;
    if (info.dtype.is_numeric()) {
      result_.datasets.push_back(container.proxy().shared_info());
    } else {
      skipped_.push_back(fmt::format("{} ({})", printable(path), info.dtype.name()));
    }
  }

  const Tree& tree_;
  Selection result_;
  std::set<const DatasetInfo*> seen_;
  std::vector<std::string> skipped_;
  std::size_t asked_ = 0;
};

}  // namespace

Selection select_numeric(const Tree& tree, const std::vector<std::string>& patterns) {
  Selector selector(tree);
  if (patterns.empty()) selector.take_all();
  for (const std::string& pattern : patterns) {
    if (pattern.empty()) throw UsageError("an empty dataset name was given; name a path such as /atm/temperature");
    selector.take(pattern);
  }
  return selector.finish();
}

const Node& find_object(const Tree& tree, const FileTree& file, const std::string& path) {
  if (const Place place = tree.follow(tree.find(file, path)); place.node != nullptr) return *place.node;
  const std::set<std::string> paths = leaf_paths(file);
  throw UsageError("no object '{}' in '{}'{}", printable(path), printable(file.file),
                   did_you_mean(absolute(path), {paths.begin(), paths.end()}));
}

}  // namespace xylem
