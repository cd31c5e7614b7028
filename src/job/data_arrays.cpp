#include "xylem/job/data_arrays.hpp"

#include <algorithm>

#include "xylem/exec/coordinates.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/labels.hpp"

namespace xylem {
namespace {

template <class Visit>
void for_each_leaf(const Group& group, const std::string& above, const Visit& visit) {
  for (const auto& member : group.members()) {
    const std::string path = above + member->name();
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) {
      for_each_leaf(*inner, path + "/", visit);
    } else {
      visit(path, *member);
    }
  }
}

const Group* root_of(const Node& node) {
  const Group* root = node.parent();
  while (root != nullptr && root->parent() != nullptr) root = root->parent();
  return root;
}

// Links lead on within their file, or to others.
const Container* container_of(const Tree& files, const Node& node) {
  if (const auto* container = dynamic_cast<const Container*>(&node)) return container;
  if (dynamic_cast<const Link*>(&node) == nullptr) return nullptr;
  const Group* root = root_of(node);
  for (const auto* all : {&files.files, &files.linked_files}) {
    for (const FileTree& file : *all) {
      if (file.root.get() == root) return dynamic_cast<const Container*>(files.follow({&file, &node}).node);
    }
  }
  return nullptr;
}

bool is_numeric(const Container& container) { return !container.info().null && container.info().dtype.is_numeric(); }

}  // namespace

DataArrays::DataArrays(const Communicator& comm, const DataManager& data, const std::vector<std::string>& texts, bool decode_cf)
    : data_(data), decode_cf_(decode_cf) {
  std::vector<std::shared_ptr<const DatasetInfo>> infos;
  std::vector<CfDecoding> decodings;
  comm.agree([&] {
    const auto is_named = [&](const std::string& path) {
      return std::ranges::any_of(
          texts, [&](const std::string& text) { return text.find(path) != std::string::npos || path.starts_with(text + "/"); });
    };
    // Which datasets are coordinates is what lazy() asks for. By name, so that their order is the same on all ranks.
    std::map<std::pair<std::string, std::string>, const DatasetInfo*> asked;
    for_each_leaf(data.root(), "", [&](const std::string& path, const Node& node) {
      if (!is_named(path)) return;
      const Container* container = container_of(data.files(), node);
      if (container == nullptr || !is_numeric(*container)) return;
      (void)array(*container, [&](const DatasetInfo& info) {
        asked.emplace(std::pair(info.ref.file, info.ref.path), &info);
        return nullptr;
      });
    });
    // Theirs is the tree, which outlives this.
    for (const auto& [name, info] : asked) infos.emplace_back(std::shared_ptr<const void>(), info);
    for (const auto& info : infos) decodings.push_back(cf_decoding(*info, notes_));
  });
  const auto values = read_coordinates(comm, infos, decodings);
  for (std::size_t i = 0; i < infos.size(); ++i) coordinates_[infos[i].get()] = values[i];
}

Array DataArrays::array(const Container& container, const CoordinateReader& reader) const {
  std::vector<std::string> ignored;
  const CfDecoding decoding = decode_cf_ ? cf_decoding(container.info(), ignored) : CfDecoding{};
  return lazy(container, labels(container), decoding, reader);
}

Array DataArrays::known_array(const Container& container) const {
  return array(container, [&](const DatasetInfo& info) {
    const auto known = coordinates_.find(&info);
    return known == coordinates_.end() ? nullptr : known->second;
  });
}

std::optional<Array> DataArrays::find(const std::string& path) const {
  const Node* node = data_.find(path.starts_with('/') ? path.substr(1) : path);
  const Container* container = node == nullptr ? nullptr : container_of(data_.files(), *node);
  if (container == nullptr) return std::nullopt;
  if (is_left_out(*container)) {
    throw DataError("the file of {} cannot be read, and was left out", container->info().ref.describe());
  }
  return known_array(*container);
}

// As a part of what is combined.
Array DataArrays::part(const Container& container) const {
  const Array array = known_array(container);
  return is_left_out(container) ? missing_like(array) : array;
}

void DataArrays::leave_out(const std::vector<SkippedFile>& files) {
  for (const SkippedFile& file : files) left_out_.insert(file.file);
}

Array DataArrays::get(const std::string& path) const {
  if (auto found = find(path)) return *found;
  throw UsageError("there is no container '{}'{}", printable(path), did_you_mean(path, paths()));
}

const Group& DataArrays::group_at(const std::string& path) const {
  const auto* group = dynamic_cast<const Group*>(data_.find(path.starts_with('/') ? path.substr(1) : path));
  if (group == nullptr) throw UsageError("there is no group '{}' in the data tree", printable(path));
  return *group;
}

Array DataArrays::combine(const std::string& group, const GroupCombineOptions& options, std::vector<std::string>* notes) const {
  GroupCombineOptions all = options;
  const Group& parent = group_at(group);
  for (const std::string& path : data_.skipped_paths()) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && data_.find(path.substr(0, slash)) == &parent) all.absent.push_back(path.substr(slash + 1));
  }
  return combine_group(
      parent, all, [&](const Container& container) { return part(container); }, notes);
}

Array DataArrays::combine(const std::string& group, const ParameterSpace& space, const StateCombineOptions& options,
                          std::vector<std::string>* notes) const {
  return combine_states(
      group_at(group), space, options, [&](const Container& container) { return part(container); }, notes);
}

Array DataArrays::concat(const std::string& group, const std::string& field, const std::string& dim) const {
  GroupCombineOptions options{.field = field, .combine = {.dim = dim}};
  const auto& members = group_at(group).members();
  const auto first =
      members.empty() ? std::nullopt : find(group + "/" + members.front()->name() + (field.empty() ? "" : "/" + field));
  if (first && first->find_axis(dim)) options.labels_from = LabelSource{};
  return combine(group, options);
}

std::vector<std::string> DataArrays::paths() const {
  std::vector<std::string> all;
  for_each_leaf(data_.root(), "", [&](const std::string& path, const Node&) { all.push_back(path); });
  return all;
}

}  // namespace xylem
