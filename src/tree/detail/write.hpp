#pragma once

#include <string>

#include "xylem/support/json.hpp"
#include "xylem/tree/labels.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// "gzip", "shuffle", ...: h5py's names where it has one, else what HDF5 calls it.
[[nodiscard]] std::string filter_name(const FilterInfo& filter);
[[nodiscard]] const char* layout_name(Layout layout) noexcept;
[[nodiscard]] const char* link_kind_name(LinkKind kind) noexcept;
/// "(time: 100, y: 64)".
[[nodiscard]] std::string format_sizes(const std::vector<std::string>& dims, const Shape& shape);
/// "soft -> /a/b", "external -> other.h5:/a, dangling".
[[nodiscard]] std::string format_link(const Tree& tree, const FileTree& from, const Link& link);
[[nodiscard]] bool is_dangling(const Tree& tree, const FileTree& from, const Link& link);

/// Members of an open JSON object.
void write_attributes(JsonWriter& json, const Attributes& attributes);
void write_dataset(JsonWriter& json, const DatasetInfo& info, const Labels& labels);
void write_link(JsonWriter& json, const Tree& tree, const FileTree& from, const Link& link);

}  // namespace xylem
