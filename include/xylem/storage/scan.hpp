#pragma once

#include <string>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// Reads the whole tree of one file on this rank: groups, datasets, attributes, links. No element of any dataset is read, and the
/// file is closed at the end. Every object appears once, under the first path that reaches it by hard links (shallowest first,
/// then in name order); further hard links (cycles too), soft and external links appear as links. Throws UsageError,
/// ResourceError or DataError naming the file and what in it cannot be read.
[[nodiscard]] FileMetadata scan_file(const std::string& path);

}  // namespace xylem
