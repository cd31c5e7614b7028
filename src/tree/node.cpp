#include "xylem/tree/node.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

// The number that a name is, as Python's int() reads it; nothing where it is none.
std::optional<std::int64_t> number_of(const std::string& name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

DType dtype_of(ElementType type) {
  DType dtype{TypeClass::floating, element_size(type)};
  if (type == ElementType::boolean) dtype.type_class = TypeClass::boolean;
  if (is_signed_integer(type)) dtype.type_class = TypeClass::integer;
  if (is_unsigned_integer(type)) dtype.type_class = TypeClass::uinteger;
  return dtype;
}

}  // namespace

std::string Node::path() const {
  if (parent_ == nullptr) return "/";
  const std::string above = parent_->path();
  return above == "/" ? "/" + name_ : above + "/" + name_;
}

void Node::check_attribute(const std::string& name) const {
  if (attributes_.count(name) != 0 || objects_.count(name) != 0) {
    throw UsageError("'{}' has an attribute '{}' already", printable(name_), printable(name));
  }
}

void Node::set_attribute(const std::string& name, AttributeValue value) {
  check_attribute(name);
  attributes_.emplace(name, std::move(value));
}

void Node::set_attribute(const std::string& name, std::shared_ptr<const Node> object) {
  check_attribute(name);
  objects_.emplace(name, std::move(object));
}

DType Container::dtype() const {
  if (!data_ || element_type(info().dtype) == data_->dtype()) return info().dtype;
  return dtype_of(data_->dtype());
}

const LocalArray& Container::data() const {
  if (data_) return *data_;
  if (is_proxy()) throw UsageError("{} is a proxy: resolve it first, all ranks together", info().ref.describe());
  throw UsageError("{} is resolved as chunked: nothing of it is in memory; make an array of it with lazy()",
                   info().ref.describe());
}

void Container::reinstate(ReinstateFailAction action) {
  if (is_proxy()) return;
  if (retained_) {
    data_.reset();
    resolved_ = false;
    return;
  }
  const std::string message =
      fmt::format("no proxy can be put back for {} (none was retained): resolve it with retain", info().ref.describe());
  switch (action) {
    case ReinstateFailAction::raise: throw UsageError("{}", message);
    case ReinstateFailAction::warn:
    case ReinstateFailAction::log_warning: logging::warning("{}", message); return;
    case ReinstateFailAction::log_debug: break;
  }
  logging::info("{}", message);
}

void Container::take_resolved(std::optional<LocalArray> data, bool retain) {
  XYLEM_EXPECT(is_proxy(), "a container is resolved once");
  data_ = std::move(data);
  resolved_ = true;
  retained_ = retain;
}

std::string Group::type_of_new_groups() const {
  if (type_ == "ParamSpaceGroup") return "ParamSpaceStateGroup";
  return type_ == "LabelledDataGroup" ? type_ : "OrderedDataGroup";
}

bool Group::numbers_members() const {
  return type_ == "IndexedDataGroup" || type_ == "TimeSeriesGroup" || type_ == "HeterogeneousTimeSeriesGroup" ||
         type_ == "ParamSpaceGroup";
}

const Node* Group::member(std::string_view name) const {
  const auto found = ignores_case_ ? by_name_.find(lower_ascii(name)) : by_name_.find(name);
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

Node* Group::find(std::string_view path) { return const_cast<Node*>(std::as_const(*this).find(path)); }

Node& Group::add(std::shared_ptr<Node> node) {
  if (by_name_.count(node->name()) != 0) {
    throw UsageError("the group '{}' has a member '{}' already", printable(path()), printable(node->name()));
  }
  auto place = members_.end();
  if (numbers_members()) {
    const auto number = number_of(node->name());
    if (!number) {
      throw UsageError("the group '{}' is of type {}, whose members' names are integers, and '{}' is none", printable(path()),
                       type_, printable(node->name()));
    }
    while (place != members_.begin() && *number < *number_of((*std::prev(place))->name())) --place;  // mostly they come in order
  }
  node->parent_ = this;
  by_name_.emplace(node->name(), node.get());
  return **members_.insert(place, std::move(node));
}

Group& Group::mount(std::shared_ptr<Group> root, std::string name) {
  root->name_ = std::move(name);
  Group& added = *root;
  add(std::move(root));
  added.parent_ = nullptr;
  return added;
}

void Group::remove(std::string_view name) {
  const auto found = std::ranges::find_if(members_, [&](const auto& member) { return member->name() == name; });
  XYLEM_EXPECT(found != members_.end(), "a member of this name");
  (*found)->parent_ = nullptr;
  by_name_.erase((*found)->name());
  members_.erase(found);
}

}  // namespace xylem
