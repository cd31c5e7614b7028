#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xylem/model/shape.hpp"
#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

/// How many entries of a chunk index HDF5 looks at, to list `count` stored chunks.
[[nodiscard]] double chunk_entries_walked(double count);

/// The first elements of the `count` stored chunks of a dataset, in no order and as the file has them. Throws DataError "WHAT
/// (HDF5: ...)".
[[nodiscard]] std::vector<Shape> chunk_offsets(hid_t dataset, std::size_t rank, std::int64_t count, const std::string& what);

}  // namespace xylem::h5
