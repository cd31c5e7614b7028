#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "xylem/comm/communicator.hpp"

#include "detail/element_reader.hpp"

namespace xylem {

/// Bytes of a file.
struct FileExtent {
  std::int64_t address = 0;
  std::int64_t bytes = 0;
};

/// Reads this rank's extents, in ascending order, into `out`, one behind the other. In rounds, the part of the file that all
/// ranks want is dealt out to them, each reads its share in large pieces, whoever wants them, and sends on what was asked for:
/// the two-phase reads of R. Thakur, W. Gropp, E. Lusk, "Data sieving and collective I/O in ROMIO" (1999).
///
/// Not by MPI-IO: OpenMPI 4.1.4's (OMPIO, with three ranks or more) gave wrong bytes where the extents of ranks overlapped.
///
/// Returns an empty string, or what this rank could not read; then other ranks may lack bytes, and all must agree on success.
/// Collective: yes.
[[nodiscard]] std::string read_together(const Communicator& comm, const ElementReader& file, std::span<const FileExtent> extents,
                                        std::span<std::byte> out);

}  // namespace xylem
