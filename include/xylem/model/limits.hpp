#pragma once

#include <cstddef>
#include <cstdint>

namespace xylem {

/// HDF5's cache of one open file's metadata, in bytes of the file; storage sets it, the memory forecast of plans counts it. It
/// holds a path through any index; what is larger than it makes it grow for a time.
inline constexpr std::int64_t hdf5_cache = std::int64_t{128} << 10;

/// What HDF5 may keep of one open file, in bytes of memory.
inline constexpr std::int64_t hdf5_file_memory = std::int64_t{2} << 20;

/// The files that one rank has open to read at a time.
inline constexpr int max_open_files = 2;

/// Groups nested deeper are left out. No real file comes near; it keeps a hostile one from exhausting memory with its path names.
inline constexpr std::size_t max_group_depth = 1000;

/// A deep scan (ScanDepth::contents) takes along the values of what may be a coordinate, numeric datasets of one dim or none, up
/// to this many bytes: of dimension scales.
inline constexpr std::int64_t max_scanned_scale = std::int64_t{64} << 10;
/// The same of datasets that are no scales.
inline constexpr std::int64_t max_scanned_values = std::int64_t{4} << 10;

}  // namespace xylem
