#include <fmt/format.h>

#include <array>
#include <utility>

#include "xylem/support/text.hpp"

#include "detail/write.hpp"

namespace xylem {

std::string filter_name(const FilterInfo& filter) {
  // HDF5's registered filters (https://github.com/HDFGroup/hdf5_plugins); what a file says of a plugin can be a whole sentence.
  static constexpr std::array<std::pair<std::int32_t, const char*>, 13> names{{{1, "gzip"},
                                                                               {2, "shuffle"},
                                                                               {3, "fletcher32"},
                                                                               {4, "szip"},
                                                                               {5, "nbit"},
                                                                               {6, "scaleoffset"},
                                                                               {32000, "lzf"},
                                                                               {32001, "blosc"},
                                                                               {32004, "lz4"},
                                                                               {32008, "bitshuffle"},
                                                                               {32013, "zfp"},
                                                                               {32015, "zstd"},
                                                                               {32026, "blosc2"}}};
  for (const auto& [id, name] : names) {
    if (id == filter.id) return name;
  }
  return filter.name.empty() ? fmt::format("filter {}", filter.id) : printable(filter.name);
}

const char* layout_name(Layout layout) noexcept {
  switch (layout) {
    case Layout::compact: return "compact";
    case Layout::contiguous: return "contiguous";
    case Layout::chunked: return "chunked";
    case Layout::virtual_dataset: return "virtual";
    case Layout::external: break;
  }
  return "external";
}

const char* link_kind_name(LinkKind kind) noexcept {
  switch (kind) {
    case LinkKind::hard: return "hard";
    case LinkKind::soft: return "soft";
    case LinkKind::external: break;
  }
  return "external";
}

std::string format_sizes(const std::vector<std::string>& dims, const Shape& shape) {
  std::string text = "(";
  for (std::size_t d = 0; d < shape.size(); ++d)
    text += fmt::format("{}{}: {}", d == 0 ? "" : ", ", printable(dims[d]), shape[d]);
  return text + ")";
}

bool is_dangling(const Tree& tree, const FileTree& from, const Link& link) { return tree.follow(from, link) == nullptr; }

std::string format_link(const Tree& tree, const FileTree& from, const Link& link) {
  const LinkInfo& info = link.info();
  if (info.target.empty()) return "user-defined, dangling";
  std::string text = fmt::format("{} -> ", link_kind_name(info.kind));
  if (info.kind == LinkKind::external) text += printable(info.target_file) + ":";
  return text + printable(info.target) + (is_dangling(tree, from, link) ? ", dangling" : "");
}

}  // namespace xylem
