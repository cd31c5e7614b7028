#include "xylem/tree/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/object.hpp"

#include "detail/labels.hpp"
#include "detail/write.hpp"

namespace xylem {
namespace {

// dantro's proportions on 80 columns, and the last level of its condensed tree.
constexpr std::size_t dantro_columns = 80;
constexpr std::size_t dantro_info_width = dantro_columns * 6 / 10;
constexpr std::size_t dantro_condensed_depth = 11;
constexpr std::size_t least_name_width = 2;

constexpr std::size_t max_attribute_width = 160;

constexpr const char* only_mark = " └─";
constexpr const char* first_mark = " └┬";
constexpr const char* middle_mark = "  ├";
constexpr const char* last_mark = "  └";

struct Line {
  std::size_t level = 0;
  std::string lead;  // bars and mark
  std::string name;
  std::string info;
};

struct Item {
  const Node* node;
  const FileTree* file;
};

// The members that a condensed listing leaves out: [first, last).
std::pair<std::size_t, std::size_t> hidden(std::size_t count, const std::optional<std::size_t>& threshold) {
  const std::size_t lines = std::max<std::size_t>(3, threshold.value_or(count));
  if (count <= lines) return {count, count};
  return {lines / 2, count - (lines - 1) / 2};
}

// NumPy's name of the type, as far as dantro would show it.
std::string numpy_name(const DType& dtype) {
  if (dtype.big_endian) {
    const char kind = dtype.type_class == TypeClass::floating ? 'f' : dtype.type_class == TypeClass::integer ? 'i' : 'u';
    return fmt::format(">{}{}", kind, dtype.size);
  }
  const bool fixed = dtype.detail.find("variable") == std::string::npos;
  if (dtype.type_class == TypeClass::string) return fixed ? fmt::format("|S{}", dtype.size) : "object";
  return dtype.type_class == TypeClass::vlen || dtype.type_class == TypeClass::reference ? "object" : dtype.name();
}

// Python's name of the type that YAML (1.2) content has.
std::string python_type(const YAML::Node& node) {
  if (node.IsMap()) return "dict";
  if (node.IsSequence()) return "list";
  if (!node.IsScalar()) return "NoneType";
  if (node.Tag() == "!") return "str";  // quoted
  const std::string& text = node.Scalar();
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" || text == "FALSE") return "bool";
  if (std::int64_t integer = 0; YAML::convert<std::int64_t>::decode(node, integer)) return "int";
  if (double real = 0; YAML::convert<double>::decode(node, real)) return "float";
  return "str";
}

class TreePrinter {
 public:
  TreePrinter(const Tree& tree, const TreeFormat& format, std::vector<std::string>& problems)
      : tree_(tree), format_(format), dantro_(format.style == TreeStyle::dantro), depth_(format.depth), problems_(problems) {
    if (dantro_ && format.condensed && !depth_) depth_ = dantro_condensed_depth;
  }

  // Of a tree that files are mounted in.
  std::string run(const Group& root) {
    for (const FileTree& file : tree_.files) file_roots_.emplace(file.root.get(), &file);
    std::string text = dantro_ ? "\n" : "";
    text += fmt::format("Tree of DataManager '{}', {}\n", printable(root.name()), group_info(root));
    add_attributes(root, "");
    add_members(members_of({&root, nullptr}), 0, "");
    return text + (dantro_ ? lay_out_as_dantro() : lay_out());
  }

  std::string run() {
    std::string text = dantro_ ? "\n" : "";
    if (tree_.files.size() == 1) {
      const FileTree& file = tree_.files[0];
      text += fmt::format("Tree of {} '{}', {}\n", group_name(*file.root), printable(file.file), group_info(*file.root));
      add_attributes(*file.root, "");
      add_members(members_of({file.root.get(), &file}), 0, "");
    } else {
      const std::size_t count = tree_.files.size();
      text += dantro_ ? fmt::format("Tree of DataManager 'data', {}, 0 attributes\n", plural(count, "member"))
                      : fmt::format("Tree of {}\n", plural(count, "file"));
      std::vector<Item> files;
      for (const FileTree& file : tree_.files) files.push_back({file.root.get(), &file});
      add_members(files, 0, "");
    }
    return text + (dantro_ ? lay_out_as_dantro() : lay_out());
  }

 private:
  [[nodiscard]] std::vector<Item> members_of(const Item& item) const {
    std::vector<Item> items;
    if (const auto* group = dynamic_cast<const Group*>(item.node)) {
      for (const auto& member : group->members()) {
        const auto mounted = file_roots_.find(member.get());
        items.push_back({member.get(), mounted == file_roots_.end() ? item.file : mounted->second});
      }
    }
    return items;
  }

  void add_members(const std::vector<Item>& items, std::size_t level, const std::string& bars) {
    if (items.empty() || (depth_ && *depth_ == 0)) return;
    const auto [first_hidden, last_hidden] = hidden(items.size(), format_.condensed);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i == first_hidden && i < last_hidden) {
        lines_.push_back({level, bars + middle_mark, "...", fmt::format("... ({} more) ...", last_hidden - first_hidden)});
        i = last_hidden;
      }
      const bool last = i + 1 == items.size();
      const char* mark = i > 0 ? (last ? last_mark : middle_mark) : (last ? only_mark : first_mark);
      lines_.push_back({level, bars + mark, printable(items[i].node->name()), info_of(items[i])});
      const std::string bars_below = bars + (last || dantro_ ? "   " : "  │");
      add_attributes(*items[i].node, bars_below);
      add_below(items[i], level + 1, bars_below);
    }
  }

  void add_below(const Item& item, std::size_t level, const std::string& bars) {
    const std::vector<Item> items = members_of(item);
    if (items.empty()) return;
    if (depth_ && level >= *depth_) {
      lines_.push_back({level, bars + only_mark, dantro_ ? "...  " : "...", ""});
    } else {
      add_members(items, level, bars);
    }
  }

  void add_attributes(const Node& node, const std::string& bars) {
    if (!format_.attributes) return;
    const auto add = [&](const std::string& name, const std::string& value) {
      lines_.push_back({0, bars + "   ", shorten(fmt::format("@ {} = {}", printable(name), value), max_attribute_width), ""});
    };
    for (const auto& [name, value] : node.attributes()) add(name, format_attribute(value));
    for (const auto& [name, object] : node.objects()) add(name, info_of({object.get(), nullptr}));
  }

  static std::string attribute_info(const Node& node) { return plural(node.attribute_count(), "attribute"); }

  static std::string group_info(const Group& group) {
    return fmt::format("{}, {}", plural(group.members().size(), "member"), attribute_info(group));
  }

  [[nodiscard]] std::string group_name(const Group& group) const {
    return dantro_ || group.type() != "OrderedDataGroup" ? group.type() : "Group";
  }

  std::string container_info(const Container& container) {
    const DatasetInfo& info = container.info();
    const std::string sizes = format_sizes(labels_or_default(container, problems_).dims, info.shape);
    const std::string attributes = attribute_info(container);
    std::string tags;
    if (container.is_proxy()) {
      std::vector<std::string> names = container.proxy().tags();
      if (dantro_) std::replace(names.begin(), names.end(), std::string("chunked"), std::string("dask"));
      tags = fmt::format("proxy ({}), ", fmt::join(names, ", "));
    }
    const DType dtype = container.dtype();
    if (dantro_) return fmt::format("{}{}, {}, {}", tags, numpy_name(dtype), sizes, attributes);
    std::string text = fmt::format("{}{}, {}", tags, dtype.name(), info.null ? "null" : info.shape.empty() ? "scalar" : sizes);
    if (info.layout == Layout::virtual_dataset || info.layout == Layout::external)
      text += fmt::format(", {}", layout_name(info.layout));
    if (!info.chunk.empty()) text += ", chunks " + format_shape(info.chunk);
    for (const FilterInfo& filter : info.filters) text += ", " + filter_name(filter);
    return text + ", " + attributes;
  }

  std::string info_of(const Item& item) {
    if (const auto* group = dynamic_cast<const Group*>(item.node)) {
      return fmt::format("<{}, {}>", group_name(*group), group_info(*group));
    }
    if (const auto* container = dynamic_cast<const Container*>(item.node)) {
      return fmt::format("<{}, {}>", dantro_ ? "XrDataContainer" : "Container", container_info(*container));
    }
    if (const auto* yaml = dynamic_cast<const YamlContainer*>(item.node)) {
      const std::string type = python_type(yaml->content());
      if (!dantro_) return fmt::format("<YamlContainer, {}, {}>", type, attribute_info(*yaml));
      if (yaml->is_object()) return fmt::format("<ObjectContainer, {} stored, {}>", type, attribute_info(*yaml));
      return fmt::format("<MutableMappingContainer, {}>", attribute_info(*yaml));
    }
    if (const auto* text = dynamic_cast<const TextContainer*>(item.node)) {
      if (!dantro_) return fmt::format("<TextContainer, {}, {}>", plural(text->text().size(), "byte"), attribute_info(*text));
      return fmt::format("<StringContainer, str stored, {}>", attribute_info(*text));
    }
    if (const auto* link = dynamic_cast<const Link*>(item.node))
      return fmt::format("<Link, {}>", format_link(tree_, *item.file, *link));
    return "<NamedType>";
  }

  // All infos in one column, after the longest name.
  [[nodiscard]] std::string lay_out() const {
    std::size_t width = 0;
    for (const Line& line : lines_) {
      if (!line.info.empty()) width = std::max(width, text_width(line.lead) + 1 + text_width(line.name));
    }
    std::string text;
    for (const Line& line : lines_) {
      text += line.lead + ' ' + line.name;
      if (!line.info.empty()) text.append(width - text_width(line.lead) - 1 - text_width(line.name) + 2, ' ') += line.info;
      text += '\n';
    }
    return text;
  }

  [[nodiscard]] std::string lay_out_as_dantro() const {
    std::string text;
    for (const Line& line : lines_) {
      const std::size_t taken = dantro_info_width + 3 * line.level + 6;
      const std::size_t width = std::max(least_name_width, dantro_columns - std::min(dantro_columns, taken));
      text += line.lead + ' ';
      if (line.info.empty()) {
        text += line.name;
      } else {
        const std::string name = line.name == "..." ? line.name : shorten(line.name, width);
        text += name;
        text.append(width - std::min(width, text_width(name)) + 2, ' ') += shorten(line.info, dantro_info_width);
      }
      text += '\n';
    }
    return text;
  }

  const Tree& tree_;
  std::unordered_map<const Node*, const FileTree*> file_roots_;
  const TreeFormat& format_;
  bool dantro_;
  std::optional<std::size_t> depth_;
  std::vector<std::string>& problems_;
  std::vector<Line> lines_;
};

}  // namespace

namespace {

void check(const TreeFormat& format) {
  if (format.style == TreeStyle::dantro && format.attributes) {
    throw UsageError("dantro's tree does not list attributes; take the style 'full' to see them");
  }
}

}  // namespace

std::string format_tree(const Tree& tree, const TreeFormat& format, std::vector<std::string>& problems) {
  check(format);
  return TreePrinter(tree, format, problems).run();
}

std::string format_tree(const Tree& files, const Group& root, const TreeFormat& format, std::vector<std::string>& problems) {
  check(format);
  return TreePrinter(files, format, problems).run(root);
}

}  // namespace xylem
