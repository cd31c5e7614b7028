#pragma once

#include <hdf5.h>

#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

/// What an open dataset of an open file occupies; see DatasetReader::summarize.
[[nodiscard]] StorageSummary summarize(hid_t file, hid_t dataset, const DatasetInfo& info);

}  // namespace xylem::h5
