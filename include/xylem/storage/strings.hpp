#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xylem/storage/reader.hpp"

namespace xylem {

/// All elements of a dataset of strings along one dim, or of a scalar one, of fixed or variable length: UTF-8 or ASCII as
/// stored, without padding. Nothing where they take more than `max_bytes`. Throws DataError, naming file and dataset, where they
/// cannot be read or are no longer what `info` says.
[[nodiscard]] std::optional<std::vector<std::string>> read_strings(FilePool& files, const DatasetInfo& info,
                                                                   std::int64_t max_bytes);

}  // namespace xylem
