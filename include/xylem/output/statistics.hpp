#pragma once

#include <string>
#include <vector>

#include "xylem/result/statistics.hpp"

namespace xylem {

/// A table for people: a header and a row for each dataset, numbers to six significant digits, '-' where undefined. The file's
/// name stands above its datasets where there are several files.
[[nodiscard]] std::string format_table(const std::vector<DatasetStatistics>& rows);

/// RFC 4180: a header line and a row each; floats in shortest round-trip form, integers in full, empty where undefined, the shape
/// as "4x5".
[[nodiscard]] std::string format_csv(const std::vector<DatasetStatistics>& rows);

/// An array of one object per dataset, with keys file path dtype shape count missing min max sum mean std; null where undefined
/// (see support/json.hpp for infinities).
[[nodiscard]] std::string format_json(const std::vector<DatasetStatistics>& rows);

}  // namespace xylem
