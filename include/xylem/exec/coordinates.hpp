#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/model/label_values.hpp"
#include "xylem/model/metadata.hpp"

namespace xylem {

/// What one coordinate may take in memory, in bytes.
inline constexpr std::int64_t max_coordinate_bytes = std::int64_t{16} << 20;

/// Whether read_coordinates() reads this one from its file: no more than one dim, numbers or strings, not too large as numbers,
/// and not known of the scan already.
[[nodiscard]] bool is_read_as_coordinate(const DatasetInfo& info);

/// The values of datasets that hold coordinates, as known labels: those of at most one dim, numeric or strings. Integers that
/// cannot be missing and fit are int64, all other numbers float64, missing ones NaN. Null for other datasets, and, with a
/// warning, for those of more than max_coordinate_bytes.
///
/// `decodings` are as many as `datasets`. Each file is read by one rank. Throws DataError naming file and dataset.
/// Collective: yes; all ranks pass the same.
[[nodiscard]] std::vector<std::shared_ptr<const LabelValues>> read_coordinates(
    const Communicator& comm, const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
    const std::vector<CfDecoding>& decodings);

}  // namespace xylem
