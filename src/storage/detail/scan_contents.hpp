#pragma once

#include <hdf5.h>

#include "xylem/model/metadata.hpp"

namespace xylem::h5 {

/// Fills `storage`, and `elements` of what may be a coordinate, of an open dataset, as ScanDepth::contents says. What cannot be
/// read stays unknown: whoever needs it reads it again, and reports.
void scan_contents(hid_t file, hid_t dataset, DatasetInfo& info);

}  // namespace xylem::h5
