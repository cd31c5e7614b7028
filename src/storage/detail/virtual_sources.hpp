#pragma once

#include <hdf5.h>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// Holds that the source datasets of a virtual dataset are there, for HDF5 reads the elements of one that is not as the fill
/// value and says nothing. Sources whose names have a place for a block number (`%b`) may be absent: HDF5 means them to come one
/// by one. Throws DataError, naming the first that is not there.
void check_virtual_sources(hid_t dataset, const DatasetInfo& info);

}  // namespace xylem
