#include "xylem/tree/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/describe.hpp"
#include "detail/labels.hpp"
#include "detail/write.hpp"

namespace xylem {
namespace {

constexpr std::size_t max_elements = 16;
constexpr std::size_t max_width = 400;

// A title, then lines "  label  text", the texts in one column; an empty label goes on with the one above.
class Sheet {
 public:
  void add(std::string label, std::string text) { lines_.emplace_back(std::move(label), std::move(text)); }

  [[nodiscard]] std::string str(const std::string& title) const {
    std::size_t width = 0;
    for (const auto& line : lines_) width = std::max(width, text_width(line.first));
    std::string text = title + "\n";
    for (const auto& [label, value] : lines_) {
      text += "  " + label;
      if (!value.empty()) text.append(width - text_width(label) + 2, ' ') += value;
      text += '\n';
    }
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

std::string format_max_shape(const Shape& shape) {
  std::vector<std::string> extents;
  for (const std::int64_t extent : shape) extents.push_back(extent < 0 ? "unlimited" : fmt::format("{}", extent));
  return extents.size() == 1 ? fmt::format("({},)", extents[0]) : fmt::format("({})", fmt::join(extents, ", "));
}

std::string format_type(const DType& dtype) {
  std::string text = dtype.name();
  if (dtype.is_numeric() && dtype.standard && dtype.size > 1) text += dtype.big_endian ? ", big-endian" : ", little-endian";
  if (!dtype.is_numeric() && dtype.size > 0) text += fmt::format(", {}", plural(static_cast<std::size_t>(dtype.size), "byte"));
  return dtype.detail.empty() ? text : text + ", " + printable(dtype.detail);
}

std::string format_filter(const FilterInfo& filter) {
  if (filter.parameters.empty()) return filter_name(filter);
  const bool gzip = filter.id == 1 && filter.parameters.size() == 1;
  return fmt::format("{} ({}{})", filter_name(filter), gzip ? "level " : "", fmt::join(filter.parameters, ", "));
}

std::string count_bytes(std::int64_t bytes) {
  return bytes < 1024 ? format_bytes(bytes) : fmt::format("{} ({} bytes)", format_bytes(bytes), bytes);
}

void add_attributes(Sheet& sheet, const Attributes& attributes) {
  sheet.add("attributes", attributes.empty() ? "none" : "");
  for (const auto& [name, value] : attributes) {
    sheet.add("  " + printable(name), shorten(format_attribute(value, max_elements), max_width));
  }
}

std::string format_coord(const Coord& coord) {
  std::vector<std::string> dims;
  for (const std::string& dim : coord.dims) dims.push_back(printable(dim));
  const std::string along = dims.empty() ? "scalar" : fmt::format("({})", fmt::join(dims, ", "));
  if (coord.mode == CoordMode::dataset) return fmt::format("{} from dataset '{}'", along, printable(coord.path));
  if (coord.mode == CoordMode::linked) return fmt::format("{} linked to '{}'", along, printable(coord.path));
  if (coord.mode == CoordMode::trivial) return along + " trivial";
  return fmt::format("{} {} {}", along, mode_name(coord.mode),
                     shorten(format_attribute(coord.argument, max_elements), max_width));
}

void add_chunks(Sheet& sheet, const DatasetInfo& info, const DatasetFacts& facts, const std::optional<StorageSummary>& storage) {
  sheet.add("chunks", format_shape(info.chunk));
  if (facts.grid) {
    std::string text =
        fmt::format("{}: {}", format_shape(facts.grid->grid()), plural(static_cast<std::size_t>(facts.grid->size()), "chunk"));
    if (storage) text += fmt::format(", {} stored", storage->allocated_chunks);
    sheet.add("chunk grid", text);
    const bool overhangs = std::any_of(facts.overhang.begin(), facts.overhang.end(), [](std::int64_t n) { return n > 0; });
    sheet.add("overhang",
              overhangs ? fmt::format("the last chunks reach beyond the shape by {}", format_shape(facts.overhang)) : "none");
  }
  std::vector<std::string> filters;
  for (const FilterInfo& filter : info.filters) filters.push_back(format_filter(filter));
  sheet.add("filters", filters.empty() ? "none" : fmt::format("{}", fmt::join(filters, ", ")));
}

void add_sizes(Sheet& sheet, const DatasetFacts& facts, const std::optional<StorageSummary>& storage) {
  sheet.add("elements", facts.elements ? fmt::format("{}", *facts.elements) : "more than 63 bits can count");
  sheet.add("size", facts.bytes ? count_bytes(*facts.bytes) : "more bytes than 63 bits can count");
  if (!storage) return;
  sheet.add("stored", count_bytes(storage->stored_bytes));
  if (facts.ratio) sheet.add("ratio", fmt::format("{:.3g}", *facts.ratio));
}

}  // namespace

std::string describe_dataset(const Container& container, const std::optional<StorageSummary>& storage) {
  const DatasetInfo& info = container.info();
  const DatasetFacts facts = gather_facts(container, storage);
  Sheet sheet;
  sheet.add("dtype", format_type(info.dtype));
  sheet.add("shape", info.null            ? "null: no elements"
                     : info.shape.empty() ? "scalar"
                                          : format_sizes(facts.labels.dims, info.shape));
  if (info.max_shape != info.shape) sheet.add("max shape", format_max_shape(info.max_shape));
  if (facts.labels.coords.empty()) {
    sheet.add("coords", "none");
  } else {
    sheet.add("coords", "");
    for (const Coord& coord : facts.labels.coords) sheet.add("  " + printable(coord.name), format_coord(coord));
  }
  sheet.add("layout", layout_name(info.layout));
  if (!info.chunk.empty()) add_chunks(sheet, info, facts, storage);
  if (info.dtype.is_numeric()) sheet.add("fill value", format_fill(info));
  add_sizes(sheet, facts, storage);
  add_attributes(sheet, info.attributes);
  for (const std::string& problem : facts.problems) sheet.add(&problem == &facts.problems[0] ? "problems" : "", problem);
  return sheet.str(fmt::format("Dataset '{}' of '{}'", printable(info.ref.path), printable(info.ref.file)));
}

std::string describe_group(const Group& group) {
  const MemberCounts counts = count_members(group);
  Sheet sheet;
  std::vector<std::string> kinds;
  for (const auto& [count, noun] : counts.kinds()) {
    if (count > 0) kinds.push_back(plural(count, noun));
  }
  sheet.add("members", kinds.empty() ? "none" : fmt::format("{}", fmt::join(kinds, ", ")));
  add_attributes(sheet, group.attributes());
  return sheet.str(fmt::format("Group '{}' of '{}'", printable(group.path()), printable(root_of(group).name())));
}

std::string describe_link(const Tree& tree, const FileTree& from, const Link& link) {
  const LinkInfo& info = link.info();
  Sheet sheet;
  sheet.add("kind", link_kind_name(info.kind));
  if (info.kind == LinkKind::external) sheet.add("file", printable(info.target_file));
  sheet.add("target", printable(info.target));
  sheet.add("state", is_dangling(tree, from, link) ? "dangling: nothing is there" : "leads to an object of the tree");
  return sheet.str(fmt::format("Link '{}' of '{}'", printable(link.path()), printable(from.file)));
}

}  // namespace xylem
