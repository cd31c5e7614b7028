#include "xylem/tree/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/storage/files.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/text.hpp"

#include "detail/on_rank_zero.hpp"

namespace xylem {
namespace {

constexpr int max_links = 16;

std::shared_ptr<Node> make_node(const ObjectInfo& object, const ScanOptions& options) {
  const std::string name = options.lower_case_keys ? lower_ascii(object.name) : object.name;
  switch (object.kind) {
    case ObjectKind::group: return std::make_shared<Group>(name, object.attributes);
    case ObjectKind::dataset: return std::make_shared<Container>(name, object.dataset, options.resolve_as);
    case ObjectKind::link: return std::make_shared<Link>(name, object.link);
    case ObjectKind::named_type: break;
  }
  return std::make_shared<NamedType>(name);
}

FileTree make_tree(const FileMetadata& metadata, int rank, const ScanOptions& options) {
  FileTree tree{metadata.file, std::make_shared<Group>(metadata.file, metadata.objects.at(0).attributes), rank};
  std::vector<Group*> groups(metadata.objects.size(), nullptr);
  groups[0] = tree.root.get();
  for (std::size_t i = 1; i < metadata.objects.size(); ++i) {
    const ObjectInfo& object = metadata.objects[i];
    Node& node = groups[static_cast<std::size_t>(object.parent)]->add(make_node(object, options));
    groups[i] = dynamic_cast<Group*>(&node);
  }
  for (Group* group : groups) {
    if (group != nullptr && options.lower_case_keys) group->ignore_case();
  }
  return tree;
}

// Scans this rank's share of the files; then every rank has all of them, in the order of `files`.
// With an `excuse`, one that cannot be read leaves a warning in its place, which begins with it.
std::vector<FileMetadata> scan_all(const Communicator& comm, const std::vector<std::string>& files, const char* excuse) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::string own = comm.agree([&] {
    std::vector<FileMetadata> scanned;
    for (auto i = static_cast<std::size_t>(comm.rank()); i < files.size(); i += ranks) {
      try {
        scanned.push_back(scan_file(files[i]));
      } catch (const Error& error) {
        if (excuse == nullptr) throw;
        FileMetadata& missing = scanned.emplace_back();
        missing.file = files[i];
        missing.warnings.push_back(fmt::format("{}: {}", excuse, error.what()));
      }
    }
    return to_bytes(scanned);
  });
  std::vector<FileMetadata> result(files.size());
  std::vector<std::string> gathered = comm.all_gather(std::exchange(own, {}));
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    auto scanned = from_bytes<std::vector<FileMetadata>>(std::exchange(gathered[rank], {}));
    for (std::size_t i = 0; i < scanned.size(); ++i) result[rank + i * ranks] = std::move(scanned[i]);
  }
  return result;
}

std::vector<std::string> real_paths(const std::vector<std::string>& files) {
  std::vector<std::string> result;
  for (const std::string& file : files) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(file, error);
    result.push_back(error ? file : real.string());
  }
  return result;
}

}  // namespace

const FileTree* Tree::find_target(const std::string& target_file) const {
  const auto name = link_targets.find(target_file);
  if (name == link_targets.end()) return nullptr;
  for (const auto* list : {&files, &linked_files}) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const FileTree& tree) { return tree.file == name->second; });
    if (found != list->end()) return &*found;
  }
  return nullptr;
}

namespace {

// Follows links one after another, and paths through them; `left` bounds the links, for they may go in circles.
class LinkWalk {
 public:
  explicit LinkWalk(const Tree& tree) : tree_(tree) {}

  Place end_of(Place place) {
    while (const auto* link = dynamic_cast<const Link*>(place.node)) {
      if (left_-- == 0) return {};
      const LinkInfo& info = link->info();
      if (info.kind == LinkKind::external) place.file = tree_.find_target(info.target_file);
      place = place.file == nullptr ? Place{} : at(*place.file, info.target);
    }
    return place;
  }

  Place at(const FileTree& file, const std::string& path) {
    Place place{&file, file.root.get()};
    std::size_t start = 0;
    while (place.node != nullptr && start < path.size()) {
      const std::size_t end = std::min(path.find('/', start), path.size());
      const std::string name = path.substr(start, end - start);
      start = end + 1;
      if (name.empty() || name == ".") continue;
      place = end_of(place);
      const auto* group = dynamic_cast<const Group*>(place.node);
      place.node = group == nullptr ? nullptr : group->member(name);
    }
    return place;
  }

 private:
  const Tree& tree_;
  int left_ = max_links;
};

}  // namespace

std::map<std::string, int> Tree::scanned_by() const {
  std::map<std::string, int> ranks;
  for (const auto* list : {&files, &linked_files}) {
    for (const FileTree& file : *list) ranks.emplace(file.file, file.scanned_by);
  }
  return ranks;
}

Place Tree::find(const FileTree& from, const std::string& path) const { return LinkWalk(*this).at(from, path); }
Place Tree::follow(const Place& place) const { return LinkWalk(*this).end_of(place); }
const Node* Tree::follow(const FileTree& from, const Link& link) const { return follow({&from, &link}).node; }

Tree load_tree(const Communicator& comm, const std::vector<std::string>& patterns) {
  auto [files, warnings] = on_rank_zero(comm, [&] {
    std::vector<std::string> found;
    auto expanded = expand_files(patterns, found);
    return std::pair(std::move(expanded), std::move(found));
  });
  Tree tree = scan_tree(comm, std::move(files));
  tree.warnings.insert(tree.warnings.begin(), warnings.begin(), warnings.end());
  return tree;
}

Tree scan_tree(const Communicator& comm, std::vector<std::string> files, const ScanOptions& options) {
  Tree tree;
  std::map<std::string, std::string> by_real_path;
  for (bool linked = false; !files.empty(); linked = true) {
    const std::vector<std::string> real = on_rank_zero(comm, [&] { return real_paths(files); });
    std::vector<std::string> unread;  // not those that links lead to under another name
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto [entry, is_new] = by_real_path.emplace(real[i], files[i]);
      if (is_new || !linked) unread.push_back(files[i]);
      if (linked) tree.link_targets.emplace(files[i], entry->second);
    }
    std::vector<FileMetadata> scanned = scan_all(comm, unread,
                                                 linked ? "an external link leads to a file that cannot be read"
                                                 : options.skip_unreadable ? "left out"
                                                                           : nullptr);
    std::set<std::string> targets;
    for (std::size_t i = 0; i < scanned.size(); ++i) {
      const FileMetadata metadata = std::move(scanned[i]);  // never all of it here and in the tree
      tree.warnings.insert(tree.warnings.end(), metadata.warnings.begin(), metadata.warnings.end());
      if (metadata.objects.empty()) continue;
      for (const ObjectInfo& object : metadata.objects) {
        const bool external = object.kind == ObjectKind::link && object.link.kind == LinkKind::external && !object.link.dangling;
        if (external && tree.link_targets.count(object.link.target_file) == 0) targets.insert(object.link.target_file);
      }
      (linked ? tree.linked_files : tree.files)
          .push_back(make_tree(metadata, static_cast<int>(i % static_cast<std::size_t>(comm.size())), options));
    }
    files.assign(targets.begin(), targets.end());
  }
  return tree;
}

}  // namespace xylem
