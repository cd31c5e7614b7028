#pragma once

#include <vector>

#include "xylem/model/metadata.hpp"
#include "xylem/storage/hdf5.hpp"

#include "detail/compat.hpp"

namespace xylem::h5 {

/// A dataset's metadata together with the scales attached to its dimensions, as objects whose paths the scan knows at its end.
struct ScannedDataset {
  DatasetInfo info;
  std::vector<std::vector<ObjectId>> scales;
};

/// How the elements are stored: type, shape, layout, chunks, filters, fill value. Throws DataError naming file and dataset.
[[nodiscard]] DatasetInfo read_storage_info(hid_t dataset, const DatasetRef& ref);

/// Reads everything but the elements. Throws DataError naming file and dataset.
[[nodiscard]] ScannedDataset read_dataset_info(hid_t dataset, const DatasetRef& ref);

}  // namespace xylem::h5
