#include "detail/job_data.hpp"

#include <algorithm>

#include "xylem/exec/coordinates.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/labels.hpp"

namespace xylem::detail {
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

JobData::JobData(const Communicator& comm, const DataManager& data, const std::vector<std::string>& texts, bool decode_cf)
    : data_(data), decode_cf_(decode_cf) {
  std::vector<std::shared_ptr<const DatasetInfo>> infos;
  std::vector<CfDecoding> decodings;
  comm.agree([&] {
    // Which datasets are coordinates is what lazy() asks for.
    std::map<const DatasetInfo*, std::shared_ptr<const DatasetInfo>> asked;
    for_each_leaf(data.root(), "", [&](const std::string& path, const Node& node) {
      if (std::ranges::none_of(texts, [&](const std::string& text) { return text.find(path) != std::string::npos; })) return;
      const Container* container = container_of(data.files(), node);
      if (container == nullptr || !is_numeric(*container)) return;
      std::vector<std::string> ignored;
      (void)array(
          *container,
          [&](const DatasetInfo& info) {
            asked.emplace(&info, std::shared_ptr<const DatasetInfo>(std::shared_ptr<const void>(), &info));
            return nullptr;
          },
          ignored);
    });
    for (const auto& [key, info] : asked) {
      infos.push_back(info);
    }
    // The same order on all ranks.
    std::ranges::sort(infos, {}, [](const auto& info) { return std::pair(info->ref.file, info->ref.path); });
    for (const auto& info : infos) decodings.push_back(cf_decoding(*info, notes_));
  });
  const auto values = read_coordinates(comm, infos, decodings);
  for (std::size_t i = 0; i < infos.size(); ++i) coordinates_[infos[i].get()] = values[i];
}

Array JobData::array(const Container& container, const CoordinateReader& reader, std::vector<std::string>& notes) const {
  const CfDecoding decoding = decode_cf_ ? cf_decoding(container.info(), notes) : CfDecoding{};
  return lazy(container, labels(container), decoding, reader);
}

const Container* JobData::container_at(const std::string& path) const {
  const Node* node = data_.find(path.starts_with('/') ? path.substr(1) : path);
  return node == nullptr ? nullptr : container_of(data_.files(), *node);
}

std::optional<Array> JobData::find(const std::string& path) const {
  const Container* container = container_at(path);
  if (container == nullptr) return std::nullopt;
  std::vector<std::string> ignored;
  return array(
      *container,
      [&](const DatasetInfo& info) {
        const auto known = coordinates_.find(&info);
        return known == coordinates_.end() ? nullptr : known->second;
      },
      ignored);
}

std::vector<std::string> JobData::paths() const {
  std::vector<std::string> all;
  for_each_leaf(data_.root(), "", [&](const std::string& path, const Node&) { all.push_back(path); });
  return all;
}

}  // namespace xylem::detail
