#include "xylem/tree/node.hpp"

#include <algorithm>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem {

std::string Node::path() const {
  if (parent_ == nullptr) return "/";
  const std::string above = parent_->path();
  return above == "/" ? "/" + name_ : above + "/" + name_;
}

const Node* Group::member(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const Node* Group::find(std::string_view path) const {
  const Node* node = this;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty()) continue;
    const auto* group = dynamic_cast<const Group*>(node);
    node = group == nullptr ? nullptr : group->member(name);
    if (node == nullptr) return nullptr;
  }
  return node;
}

Node& Group::add(std::unique_ptr<Node> node) {
  node->parent_ = this;
  if (!by_name_.emplace(node->name(), node.get()).second) {
    throw UsageError("the group '{}' has a member '{}' already", printable(path()), printable(node->name()));
  }
  members_.push_back(std::move(node));
  return *members_.back();
}

}  // namespace xylem
