#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xylem/model/attribute.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/tree/proxy.hpp"

namespace xylem {

class Group;

/// A member of the data tree: a group, a container (leaf) or a link.
class Node {
 public:
  Node(std::string name, Attributes attributes) : name_(std::move(name)), attributes_(std::move(attributes)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Group* parent() const noexcept { return parent_; }
  [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }
  /// "/a/b" from the root of the tree, "/" for the root itself.
  [[nodiscard]] std::string path() const;

 private:
  friend class Group;
  std::string name_;
  const Group* parent_ = nullptr;
  Attributes attributes_;
};

/// A leaf that holds data, or here a proxy of data: its metadata answer without any file being opened.
class Container : public Node {
 public:
  Container(std::string name, std::shared_ptr<const DatasetInfo> info)
      : Node(std::move(name), info->attributes), proxy_(std::move(info)) {}

  [[nodiscard]] const Proxy& proxy() const noexcept { return proxy_; }
  [[nodiscard]] const DatasetInfo& info() const noexcept { return proxy_.info(); }

 private:
  Proxy proxy_;
};

/// A name that leads elsewhere in the tree, to another file, or to nothing.
class Link : public Node {
 public:
  Link(std::string name, LinkInfo info) : Node(std::move(name), {}), info_(std::move(info)) {}

  [[nodiscard]] const LinkInfo& info() const noexcept { return info_; }

 private:
  LinkInfo info_;
};

/// A named HDF5 datatype: shown in the tree, and nothing else.
class NamedType : public Node {
 public:
  explicit NamedType(std::string name) : Node(std::move(name), {}) {}
};

/// A node with members, in the order in which they were added; names are unique.
class Group : public Node {
 public:
  using Node::Node;

  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& members() const noexcept { return members_; }
  /// The member of this name, or null.
  [[nodiscard]] const Node* member(std::string_view name) const;
  /// The node at a path from here, components parted by '/', or null; "" and "/" are the group itself.
  [[nodiscard]] const Node* find(std::string_view path) const;

  /// Takes a node as a new member and returns it. Throws UsageError when the name is taken.
  Node& add(std::unique_ptr<Node> node);

 private:
  std::vector<std::unique_ptr<Node>> members_;
  std::unordered_map<std::string_view, const Node*> by_name_;
};

}  // namespace xylem
