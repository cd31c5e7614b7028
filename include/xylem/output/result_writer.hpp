#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/chunk_grid.hpp"
#include "xylem/result/array.hpp"

namespace xylem {

namespace h5 {
class FileWriter;
}
class SharedFile;
namespace detail {
class EncodedChunks;
struct ResultDataset;
}  // namespace detail

/// How the elements of results are stored.
struct ResultStorage {
  bool chunked = false;         ///< in chunks; else contiguous. Scalars and results without elements always are.
  Shape chunk{};                ///< a chunk's extents, for results of as many dims; else as fits each (result_chunk)
  std::vector<Shape> stored{};  ///< by result: the chunks of the data that it is made of; none, or empty: not known
  int deflate = 0;              ///< 1 (fast) to 9 (small): shuffle and deflate; 0: not compressed. Needs chunks.
  int threads = 1;              ///< of each rank, that compress
};

/// The extents of a result's chunks; empty where it is contiguous. Those that were asked for; else those of the data that it is
/// made of, where they hold 16 KiB to 4 MiB; else whole rows of at most 1 MiB. Never beyond the result's own. Throws UsageError
/// for chunks of 4 GiB or more, or with extents below 1.
[[nodiscard]] Shape result_chunk(const ResultVariable& variable, const ResultStorage& storage, std::size_t index);

/// The most that a ResultWriter takes on one rank, in bytes; where `storage.stored` is empty, whatever it will be.
[[nodiscard]] std::int64_t result_writer_memory(const std::vector<ResultVariable>& variables, const ResultStorage& storage);

/// What becomes of a file that has the name of the output already.
enum class Existing : std::uint8_t {
  refuse,     ///< it stays, and nothing is computed: UsageError
  overwrite,  ///< it stays until the new one is whole, which then takes its place
  append,     ///< the results go beside what is in it, in a copy that then takes its place; a file that is not there is made
};

/// Throws UsageError where a file is there and is to stay, ResourceError where `path` names a folder.
void expect_output(const std::string& path, Existing existing);

/// Throws UsageError for a name that a result cannot have in a netCDF file.
void expect_result_name(const std::string& name);

/// What a ResultWriter is to write beside the results.
struct ResultFile {
  Existing existing = Existing::refuse;  ///< what becomes of a file of that name
  ResultStorage storage{};
  std::map<std::string, std::string> provenance{};  ///< more attributes of the file: versions, the text of a job
};

/// Writes results to one HDF5 file that netCDF-4 readers open, all ranks together: each rank its pieces, at their places. The
/// file appears under its name whole, by commit(), or not at all; an older one of this name stays until then. Its bytes are the
/// same whichever rank writes what.
///
/// Compressed chunks are made by the rank and thread that bring their elements, while others go on; those that come in pieces, at
/// the end, by all. Until then they are in files without a name or with a hidden one, beside the output, whose device must have
/// room for both. Results may be larger than memory.
///
/// What is in the file, after the netCDF-4 format specification
/// (https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html) and CF-1.11, encoded as xarray does:
/// - a dimension scale for each dim: the coordinate that labels it, or netCDF's "dimension but not a variable";
/// - other coords as variables, listed in the attribute `coordinates` of the results that have them. Those that differ between
///   results, or are called as a dim, are left out, with a warning;
/// - results, contiguous or in chunks, with their attributes; floats with `_FillValue` NaN, booleans as int8 with `dtype` "bool",
///   float16, which netCDF has not, as float32;
/// - coords as int64, float64 or UTF-8 strings of variable length;
/// - `Conventions`, `history`, and attributes of provenance.
///
/// Appending: dims and coords that the file has already must be the same; `history` gets a line more, in front.
class ResultWriter {
 public:
  /// Creates the file under a hidden name in the same folder, and takes the space for all of it where the file system can. All
  /// ranks pass the same. Throws UsageError where results do not go together into one file: a name twice or no name for netCDF
  /// ('/', control characters, ...), a result called as a dim or coord, dims of one name and different sizes or labels;
  /// ResourceError where the file cannot be written.
  /// Collective: yes.
  ResultWriter(const Communicator& comm, std::string path, std::vector<ResultVariable> variables, const std::string& history,
               const ResultFile& file = {});
  ~ResultWriter();
  ResultWriter(const ResultWriter&) = delete;
  ResultWriter& operator=(const ResultWriter&) = delete;

  /// Writes the elements of a box of one variable, by its number: row-major, in the native form of its type. Any rank, any
  /// thread, any order; every element once in all. Throws ResourceError.
  void write(std::size_t variable, const Box& box, std::span<const std::byte> values);

  /// Completes the file, still under its hidden name. Throws ResourceError, or InternalError unless every element was written.
  /// Collective: yes.
  void finish();
  /// The same unless it is done, and gives the file its name. Throws as finish().
  /// Collective: yes.
  void commit();

 private:
  void close_owner();
  void write_runs(const Shape& shape, const Box& box, std::span<const std::byte> values, std::int64_t place,
                  std::size_t variable);
  void write_chunks(std::size_t variable, const Box& box, std::span<const std::byte> values);

  const Communicator& comm_;
  std::string path_;
  std::vector<ResultVariable> variables_;
  int threads_;
  std::unique_ptr<h5::FileWriter> owner_;        ///< on rank 0
  std::vector<detail::ResultDataset> datasets_;  ///< with it, until all chunks have their places
  std::unique_ptr<SharedFile> file_;
  std::vector<std::optional<ChunkGrid>> grids_;    ///< by variable: of those in chunks
  std::vector<std::vector<std::int64_t>> places_;  ///< by variable: of its first element, or of each chunk that is not compressed
  std::unique_ptr<detail::EncodedChunks> encoded_;  ///< where chunks are compressed
  std::vector<std::atomic<std::int64_t>> written_;  ///< elements of each variable, by this rank
  bool finished_ = false;
};

}  // namespace xylem
