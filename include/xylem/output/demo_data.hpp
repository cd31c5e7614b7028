#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"

namespace xylem {

/// What write_demo_data is to write.
struct DemoDataOptions {
  std::string directory;                 ///< created where it is missing, with its parents
  std::int64_t size_bytes = 16LL << 20;  ///< of the elements of all files before compression, about: grids are whole
  int files = 4;                         ///< at least 1; a day each
  bool compress = true;                  ///< shuffle and deflate; else plain chunks
  std::int64_t chunk_bytes = 1LL << 20;  ///< of a chunk before compression, at most; at least one element
  bool single_variable = false;          ///< each file holds /atm/temperature and its coordinates, nothing else
  bool overwrite = false;                ///< replace files of the same names
  bool show_progress = false;            ///< a progress line on standard error, by rank 0
};

/// Writes what a small coupled simulation would: an hourly model of atmosphere and ocean on a longitude-latitude grid, a day a
/// file (`day000.h5`, `day001.h5`, ...), the time coordinate running on from file to file. Dims are netCDF-4's dimension scales
/// (`/atm` and `/ocean` have their own `time`, `y`, `x`); `/ocean` carries dantro's attributes too. Values are missing by
/// `_FillValue` (`/atm`) and as NaN over land (`/ocean`).
///
/// A value depends on its variable and its place alone, and is made with integer arithmetic and IEEE's + - * / only; so the
/// files are the same, byte for byte, for any number of ranks, and their elements for any chunks and on any machine. Needs the
/// memory of a few chunks. A file appears whole or not at all.
///
/// Returns the files' paths, in order, on every rank. Throws UsageError (a file exists already and `overwrite` is not set, fewer
/// than one file, a size or chunk of less than one byte) or ResourceError (a folder that cannot be written, no space left). After
/// a failure, files that other ranks or earlier steps completed stay.
/// Collective: yes. Files are dealt to the ranks, each written by one rank alone.
std::vector<std::string> write_demo_data(const Communicator& world, const DemoDataOptions& options);

}  // namespace xylem
