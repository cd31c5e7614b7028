#include "xylem/tree/load.hpp"

#include <algorithm>
#include <utility>

#include "xylem/storage/files.hpp"
#include "xylem/support/text.hpp"

#include "detail/on_rank_zero.hpp"
#include "detail/scan_files.hpp"

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

Tree make_tree(detail::ScannedFiles scanned, const ScanOptions& options) {
  Tree tree;
  tree.link_targets = std::move(scanned.link_targets);
  tree.skipped = std::move(scanned.skipped);
  tree.warnings = std::move(scanned.warnings);
  for (const detail::ScannedFile& file : scanned.files) tree.from_index += file.from_index ? 1 : 0;
  const auto take = [&](std::vector<detail::ScannedFile>& files, std::vector<FileTree>& into) {
    for (detail::ScannedFile& file : files) {
      const FileMetadata metadata = std::move(file.metadata);  // never all of it here and in the tree
      if (!metadata.objects.empty()) into.push_back(make_tree(metadata, file.scanned_by, options));
    }
  };
  take(scanned.files, tree.files);
  take(scanned.linked_files, tree.linked_files);
  return tree;
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

Tree load_tree(const Communicator& comm, const std::vector<std::string>& patterns, const ScanOptions& options) {
  return make_tree(detail::scan_patterns(comm, patterns, options), options);
}

Tree scan_tree(const Communicator& comm, std::vector<std::string> files, const ScanOptions& options) {
  std::vector<std::string> real = on_rank_zero(comm, [&] { return real_paths(files); });
  return make_tree(detail::scan_files(comm, std::move(files), std::move(real), options), options);
}

}  // namespace xylem
