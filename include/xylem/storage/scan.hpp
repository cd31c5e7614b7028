#pragma once

#include <cstdint>
#include <string>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// How much a scan finds out.
enum class ScanDepth : std::uint8_t {
  metadata,  ///< no element of any dataset is read
  contents,  ///< as well what datasets of few chunks occupy (DatasetInfo::storage), and the values of small ones that may be
             ///< coordinates (DatasetInfo::elements): so that the file need not be opened again for them
};

/// Reads the whole tree of one file on this rank: groups, datasets, attributes, links. The file is closed at the end. Every
/// object appears once, under the first path that reaches it by hard links (shallowest first, then in name order); further hard
/// links (cycles too), soft and external links appear as links. Throws UsageError, ResourceError or DataError naming the file and
/// what in it cannot be read.
[[nodiscard]] FileMetadata scan_file(const std::string& path, ScanDepth depth = ScanDepth::metadata);

}  // namespace xylem
