#pragma once

#include <cstdint>

namespace xylem {

/// What HDF5 may keep of one open file's metadata, in bytes; storage sets it, the memory forecast of plans counts it.
inline constexpr std::int64_t hdf5_file_memory = std::int64_t{2} << 20;

/// The files that one rank has open to read at a time.
inline constexpr int max_open_files = 2;

}  // namespace xylem
