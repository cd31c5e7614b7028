#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "xylem/comm/communicator.hpp"
#include "xylem/storage/reader.hpp"

namespace xylem {

/// One dataset, read by all ranks of a communicator together: the `collective` strategy. Each byte is read by one rank, in large
/// pieces in the order of the file, and sent to those who want it (two-phase reads); what comes is decoded by each rank as by
/// `direct`. No HDF5 call is collective, so that none can leave ranks waiting when it fails on another
/// (docs/adr/0009-chunk-places.md).
class CollectiveReader {
 public:
  /// Opens the dataset on all ranks. Throws as DatasetReader, UsageError for a dataset that cannot be read directly,
  /// ResourceError where MPI cannot open the file; the same error on every rank. Collective: on `comm`, which must outlive the
  /// reader.
  CollectiveReader(const Communicator& comm, FilePool& files, std::shared_ptr<const DatasetInfo> info);
  CollectiveReader(const CollectiveReader&) = delete;
  CollectiveReader& operator=(const CollectiveReader&) = delete;

  /// Reads this rank's box as DatasetReader::read does; a box without elements takes part and reads nothing. Where a rank fails,
  /// every rank throws the error of the lowest such rank.
  /// Collective: yes.
  void read(const Box& box, std::span<std::byte> out);

 private:
  const Communicator& comm_;
  std::optional<DatasetReader> reader_;
  RawBlock raw_{};
};

}  // namespace xylem
