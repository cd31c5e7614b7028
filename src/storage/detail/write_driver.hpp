#pragma once

#include <hdf5.h>

#include <cstdint>

namespace xylem::h5 {

/// A file that a WriteDriver writes to: its owner opens and closes `descriptor`, empty and for reading and writing.
struct WriteTarget {
  int descriptor = -1;
  int error = 0;                 ///< errno of the first write that failed; those after it are dropped
  bool defers_elements = false;  ///< elements are not written: others do that, at `deferred`
  std::int64_t deferred = -1;    ///< where the last deferred write would have gone
};

/// Makes files created with `access_properties` live in `target`, which must outlive them. HDF5 is told that every write
/// succeeds, since it cannot close a file whose writes fail (1.10.8 leaves an identifier that dangles, and crashes when the
/// library ends); the owner looks at `target.error` instead. The bytes written are those of HDF5's own serial driver. Returns a
/// negative number on failure.
[[nodiscard]] herr_t set_write_driver(hid_t access_properties, WriteTarget& target);

}  // namespace xylem::h5
