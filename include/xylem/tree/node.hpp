#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xylem/model/attribute.hpp"
#include "xylem/model/local_array.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/tree/proxy.hpp"

namespace xylem {

class Communicator;
class Group;
struct ResolveOptions;

/// A member of the data tree: a group, a container (leaf) or a link.
class Node {
 public:
  /// A node that is in no group yet (Group::add).
  Node(std::string name, Attributes attributes) : name_(std::move(name)), attributes_(std::move(attributes)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Its name in the group that holds it; of the root of a file that is not mounted, the file as the user wrote it.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The group that holds it; null for a root, and so for that of a file wherever it is mounted.
  [[nodiscard]] const Group* parent() const noexcept { return parent_; }
  /// Attributes that are values: those stored in the file (without what dimension scales and netCDF-4 keep for themselves, as
  /// CLASS or DIMENSION_LIST), and those that set_attribute() adds.
  [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }
  /// What is loaded as an attribute and is no plain value (dantro's `load_as_attr`), by the attribute's name.
  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Node>>& objects() const noexcept { return objects_; }
  /// How many attributes and objects there are.
  [[nodiscard]] std::size_t attribute_count() const noexcept { return attributes_.size() + objects_.size(); }
  /// "/a/b" from the root of the tree, "/" for the root itself. A file's tree is one of its own: its root is "/".
  [[nodiscard]] std::string path() const;

  /// Add an attribute. Throws UsageError when there is one of this name.
  void set_attribute(const std::string& name, AttributeValue value);
  /// The same for one that is no plain value: it is among objects().
  void set_attribute(const std::string& name, std::shared_ptr<const Node> object);

 private:
  friend class Group;
  void check_attribute(const std::string& name) const;

  std::string name_;
  const Group* parent_ = nullptr;
  Attributes attributes_;
  std::map<std::string, std::shared_ptr<const Node>> objects_;
};

/// What to do where a proxy cannot be reinstated, as dantro's PROXY_REINSTATE_FAIL_ACTION: an error, a warning, the same as a
/// line of the log, or one that is seen with --verbose only.
enum class ReinstateFailAction : std::uint8_t { raise, warn, log_warning, log_debug };

/// A leaf that holds data: a proxy of them at first, whose metadata answer without any file being opened, and after resolve()
/// (tree/resolve.hpp) the elements, or the promise of a lazy array. Type, shape, attributes and labels answer the same before and
/// after, but for the type where resolving converts it.
class Container : public Node {
 public:
  /// A proxy of the dataset that `info`, not null, describes; its attributes are the dataset's.
  Container(std::string name, std::shared_ptr<const DatasetInfo> info, ResolveAs resolve_as = ResolveAs::data)
      : Node(std::move(name), info->attributes), proxy_(std::move(info), resolve_as) {}

  /// What stands for the dataset; there before and after resolving, whether or not it is retained.
  [[nodiscard]] const Proxy& proxy() const noexcept { return proxy_; }
  /// The dataset as it is stored, whatever it is resolved to.
  [[nodiscard]] const DatasetInfo& info() const noexcept { return proxy_.info(); }
  /// The type of the elements: as stored or, where resolving converted them, in memory.
  [[nodiscard]] DType dtype() const;
  /// Extents by dim of the whole dataset, of which this rank may hold a part (data()); empty for a scalar and a null dataspace.
  [[nodiscard]] const Shape& shape() const noexcept { return proxy_.shape(); }
  /// How many dims it has; 0 for a scalar and a null dataspace.
  [[nodiscard]] std::size_t ndim() const noexcept { return proxy_.ndim(); }

  /// True until it is resolved, and again once the proxy is reinstated.
  [[nodiscard]] bool is_proxy() const noexcept { return !resolved_; }
  /// True where resolving kept the proxy, so that it can be reinstated.
  [[nodiscard]] bool retains_proxy() const noexcept { return resolved_ && retained_; }
  /// True where it is resolved as a lazy array (lazy() of array/source.hpp makes it): nothing is in memory.
  [[nodiscard]] bool is_chunked() const noexcept { return resolved_ && !data_ && !texts_; }
  /// The elements that this rank holds. Throws UsageError unless it is resolved as data, and numeric.
  [[nodiscard]] const LocalArray& data() const;
  /// The same for strings: all of them, on every rank.
  [[nodiscard]] const std::vector<std::string>& texts() const;

  /// Puts the proxy back and frees the elements. Where there is no retained one, `action` says what happens.
  void reinstate(ReinstateFailAction action = ReinstateFailAction::raise);

 private:
  friend void resolve(const Communicator& comm, const std::vector<Container*>& containers, const ResolveOptions& options);
  void set_resolved(bool retain);
  [[noreturn]] void fail_access(const char* wanted) const;

  Proxy proxy_;
  bool resolved_ = false;
  bool retained_ = false;
  std::optional<LocalArray> data_;
  std::optional<std::vector<std::string>> texts_;
};

/// A name that leads elsewhere in the tree, to another file, or to nothing.
class Link : public Node {
 public:
  Link(std::string name, LinkInfo info) : Node(std::move(name), {}), info_(std::move(info)) {}

  /// Where it leads; Tree::follow() finds the node there.
  [[nodiscard]] const LinkInfo& info() const noexcept { return info_; }

 private:
  LinkInfo info_;
};

/// A named HDF5 datatype: shown in the tree, and nothing else.
class NamedType : public Node {
 public:
  explicit NamedType(std::string name) : Node(std::move(name), {}) {}
};

/// A node with members, in the order in which they were added (by number, in a group of a type that numbers its members); names
/// are unique.
class Group : public Node {
 public:
  /// A group of the type "OrderedDataGroup".
  using Node::Node;
  /// A group of one of dantro's types (group_types() of tree/load_config.hpp).
  Group(std::string name, Attributes attributes, std::string type)
      : Node(std::move(name), std::move(attributes)), type_(std::move(type)) {}

  /// dantro's name of the type; "OrderedDataGroup" where nothing else was asked for.
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  /// The type of the groups that are made in it on the way to a longer path, as in dantro.
  [[nodiscard]] std::string type_of_new_groups() const;

  /// The members in their order, links and named types among them; none is null.
  [[nodiscard]] const std::vector<std::shared_ptr<Node>>& members() const noexcept { return members_; }
  /// The member of this name, or null.
  [[nodiscard]] const Node* member(std::string_view name) const;
  /// The node at a path from here, components parted by '/', or null; "" and "/" are the group itself.
  [[nodiscard]] const Node* find(std::string_view path) const;
  /// The same, to be changed.
  [[nodiscard]] Node* find(std::string_view path);

  /// Takes a node as a new member and returns it. Throws UsageError when the name is taken, or is no number in a group that
  /// numbers its members.
  Node& add(std::shared_ptr<Node> node);
  /// The same for the root of a file's tree, under another name: it stays a root, from which its own paths start.
  Group& mount(std::shared_ptr<Group> root, std::string name);
  /// Removes the member of exactly this name, which there must be (else InternalError).
  void remove(std::string_view name);
  /// Finds members in lower case, whatever the case of the name: for a file loaded with lower-case keys, whose own references
  /// are as they were.
  void ignore_case() noexcept { ignores_case_ = true; }

 private:
  [[nodiscard]] bool numbers_members() const;

  std::string type_ = "OrderedDataGroup";
  bool ignores_case_ = false;
  std::vector<std::shared_ptr<Node>> members_;
  std::unordered_map<std::string_view, Node*> by_name_;
};

}  // namespace xylem
