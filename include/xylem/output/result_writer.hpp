#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/result/array.hpp"

namespace xylem {

namespace h5 {
class FileWriter;
}
class SharedFile;

/// Writes results to one HDF5 file that netCDF-4 readers open, all ranks together: each rank its pieces, at their places. The
/// file appears under its name whole, by commit(), or not at all; an older one of this name stays until then. Its bytes are the
/// same whichever rank writes what.
///
/// What is in the file, after the netCDF-4 format specification
/// (https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html) and CF-1.11, encoded as xarray does:
/// - a dimension scale for each dim: the coordinate that labels it, or netCDF's "dimension but not a variable";
/// - other coords as variables, listed in the attribute `coordinates` of the results that have them. Those that differ between
///   results, or are called as a dim, are left out, with a warning;
/// - results, contiguous, with their attributes; floats with `_FillValue` NaN, booleans as int8 with `dtype` "bool", float16,
/// which
///   netCDF has not, as float32;
/// - coords as int64, float64 or UTF-8 strings of variable length;
/// - `Conventions` and `history`.
class ResultWriter {
 public:
  /// Creates the file under a hidden name in the same folder, and takes the space for all of it where the file system can. All
  /// ranks pass the same. Throws UsageError where results do not go together into one file: a name twice or no name for netCDF
  /// ('/', control characters, ...), a result called as a dim or coord, dims of one name and different sizes or labels;
  /// ResourceError where the file cannot be written.
  /// Collective: yes.
  ResultWriter(const Communicator& comm, std::string path, std::vector<ResultVariable> variables, const std::string& history);
  ~ResultWriter();
  ResultWriter(const ResultWriter&) = delete;
  ResultWriter& operator=(const ResultWriter&) = delete;

  /// Writes the elements of a box of one variable, by its number: row-major, in the native form of its type. Any rank, any
  /// thread, any order; every element once in all. Throws ResourceError.
  void write(std::size_t variable, const Box& box, std::span<const std::byte> values);

  /// Completes the file and gives it its name, over any file that has it. Throws ResourceError, or InternalError unless every
  /// element was written.
  /// Collective: yes.
  void commit();

 private:
  const Communicator& comm_;
  std::string path_;
  std::vector<ResultVariable> variables_;
  std::unique_ptr<h5::FileWriter> owner_;  ///< on rank 0
  std::unique_ptr<SharedFile> file_;
  std::vector<std::int64_t> offsets_;               ///< of each variable's first element
  std::vector<std::atomic<std::int64_t>> written_;  ///< elements of each variable, by this rank
};

}  // namespace xylem
