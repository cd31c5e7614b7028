#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <utility>

#include "xylem/support/text.hpp"
#include "xylem/tree/format.hpp"
#include "xylem/tree/object.hpp"

#include "detail/labels.hpp"
#include "detail/write.hpp"

namespace xylem {
namespace {

void write_strings(JsonWriter& json, const std::vector<std::string>& texts) {
  json.begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

// The elements from `next` on, as lists nested as the shape says.
template <class T>
void write_elements(JsonWriter& json, const AttributeValue& value, const std::vector<T>& elements, std::size_t dim,
                    std::size_t& next) {
  if (dim < value.shape.size()) {
    json.begin_array();
    for (std::int64_t i = 0; i < value.shape[dim]; ++i) write_elements(json, value, elements, dim + 1, next);
    json.end_array();
    return;
  }
  const T& element = elements[next++];
  if (value.dtype.type_class == TypeClass::boolean) {
    json.value(element != T{});
  } else {
    json.value(element);
  }
}

void write_value(JsonWriter& json, const AttributeValue& value) {
  std::visit(
      [&](const auto& elements) {
        std::size_t next = 0;
        if constexpr (std::is_same_v<std::decay_t<decltype(elements)>, std::monostate>) {
          json.null();
        } else if (elements.empty()) {  // whatever the shape: (2^40, 0) is no reason to write 2^40 lists
          json.begin_array().end_array();
        } else {
          write_elements(json, value, elements, 0, next);
        }
      },
      value.data);
}

class JsonTree {
 public:
  JsonTree(const Tree& tree, const std::optional<std::size_t>& depth, std::vector<std::string>& problems)
      : tree_(tree), depth_(depth), problems_(problems) {}

  std::string run() {
    json_.begin_array();
    for (const FileTree& file : tree_.files) {
      file_ = &file;
      write(*file.root, "/", 0);
    }
    return json_.end_array().str();
  }

  std::string run(const Group& root) {
    for (const FileTree& file : tree_.files) file_roots_.emplace(file.root.get(), &file);
    json_.begin_array();
    write(root, "/", 0);
    return json_.end_array().str();
  }

 private:
  void write(const Node& node, const std::string& path, std::size_t level) {
    json_.begin_object().key("name").value(node.name());
    if (const auto* group = dynamic_cast<const Group*>(&node)) {
      json_.key("kind").value("group").key("path").value(path);
      if (const auto mounted = file_roots_.find(group); mounted != file_roots_.end()) {
        file_ = mounted->second;
        json_.key("file").value(file_->file);
      }
      write_attributes_of(node);
      if (!depth_ || level < *depth_) write_members(*group, path, level);
    } else if (const auto* container = dynamic_cast<const Container*>(&node)) {
      json_.key("kind").value("dataset").key("path").value(path);
      write_dataset(json_, container->info(), labels_or_default(*container, problems_));
      write_attributes_of(node);
    } else if (const auto* link = dynamic_cast<const Link*>(&node)) {
      json_.key("kind").value("link").key("path").value(path);
      write_link(json_, tree_, *file_, *link);
    } else if (dynamic_cast<const YamlContainer*>(&node) != nullptr || dynamic_cast<const TextContainer*>(&node) != nullptr) {
      json_.key("kind").value(dynamic_cast<const TextContainer*>(&node) != nullptr ? "text" : "yaml").key("path").value(path);
      write_attributes_of(node);
    } else {
      json_.key("kind").value("named_type").key("path").value(path);
    }
    json_.end_object();
  }

  void write_attributes_of(const Node& node) {
    write_attributes(json_, node.attributes());
    if (node.objects().empty()) return;
    json_.key("objects").begin_array();
    for (const auto& [name, object] : node.objects()) json_.value(name);
    json_.end_array();
  }

  void write_members(const Group& group, const std::string& path, std::size_t level) {
    json_.key("members").begin_array();
    for (const auto& member : group.members()) {
      write(*member, (path == "/" ? path : path + "/") + member->name(), level + 1);
    }
    json_.end_array();
  }

  const Tree& tree_;
  const FileTree* file_ = nullptr;
  std::unordered_map<const Node*, const FileTree*> file_roots_;
  std::optional<std::size_t> depth_;
  std::vector<std::string>& problems_;
  JsonWriter json_;
};

}  // namespace

void write_attributes(JsonWriter& json, const Attributes& attributes) {
  json.key("attributes").begin_object();
  for (const auto& [name, value] : attributes) {
    json.key(name);
    write_value(json, value);
  }
  json.end_object();
}

void write_dataset(JsonWriter& json, const DatasetInfo& info, const Labels& labels) {
  json.key("dtype").value(info.dtype.name());
  json.key("shape");
  if (info.null) {
    json.null();
  } else {
    json.inline_array(info.shape);
  }
  json.key("max_shape").begin_array();
  for (const std::int64_t extent : info.max_shape) {
    if (extent < 0) {
      json.null();
    } else {
      json.value(extent);
    }
  }
  json.end_array();
  json.key("dims");
  write_strings(json, labels.dims);
  json.key("coords").begin_array();
  for (const Coord& coord : labels.coords) {
    json.begin_object().key("name").value(coord.name).key("dims");
    write_strings(json, coord.dims);
    json.key("mode").value(mode_name(coord.mode)).key("size").value(coord.size);
    if (!coord.path.empty()) json.key("path").value(coord.path);
    if (coord.mode != CoordMode::dataset && coord.mode != CoordMode::linked) {
      json.key("argument");
      write_value(json, coord.argument);
    }
    json.end_object();
  }
  json.end_array();
  json.key("layout").value(layout_name(info.layout));
  json.key("chunks");
  if (info.chunk.empty()) {
    json.null();
  } else {
    json.inline_array(info.chunk);
  }
  json.key("filters").begin_array();
  for (const FilterInfo& filter : info.filters) json.value(filter_name(filter));
  json.end_array();
}

void write_link(JsonWriter& json, const Tree& tree, const FileTree& from, const Link& link) {
  const LinkInfo& info = link.info();
  json.key("link").value(link_kind_name(info.kind));
  if (info.kind == LinkKind::external) json.key("target_file").value(info.target_file);
  json.key("target").value(info.target).key("dangling").value(is_dangling(tree, from, link));
}

std::string tree_json(const Tree& tree, const std::optional<std::size_t>& depth, std::vector<std::string>& problems) {
  return JsonTree(tree, depth, problems).run();
}

std::string tree_json(const Tree& files, const Group& root, const std::optional<std::size_t>& depth,
                      std::vector<std::string>& problems) {
  return JsonTree(files, depth, problems).run(root);
}

}  // namespace xylem
