#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <span>

namespace xylem::h5 {

/// Makes files opened with `access_properties` be read by our own driver: as by HDF5's serial one (sec2), and find_chunk() works.
/// Returns a negative number on failure.
[[nodiscard]] herr_t set_read_driver(hid_t access_properties);

/// A file that the driver has open, as long as HDF5 has.
struct OpenFile {
  int descriptor = -1;
  std::int64_t size = 0;  ///< bytes, when it was opened
};

/// What stands behind a file opened with the driver. Throws DataError where it was not.
[[nodiscard]] OpenFile open_file(hid_t file);

/// Where the stored bytes of a chunk are.
struct ChunkPlace {
  std::uint64_t address = 0;  ///< from the file's first byte
  std::uint64_t size = 0;
  std::uint32_t mask = 0;  ///< a bit set says that the filter of that number was left out
};

/// Where the chunk at `offset` is in its file, which was opened with the driver: found by one look-up in the chunk index, with no
/// byte of the chunk read. Nothing where HDF5 fails, as it does where the chunk was never written. Needs hold_library().
///
/// HDF5 has no call for this that is fast in all releases (in 1.10, H5Dget_chunk_info_by_coord walks the whole index). So HDF5 is
/// asked to read the chunk into a buffer that the driver knows, and the driver notes the place instead of reading
/// (docs/adr/0009-chunk-places.md).
[[nodiscard]] std::optional<ChunkPlace> find_chunk(hid_t dataset, const hsize_t* offset);

}  // namespace xylem::h5
