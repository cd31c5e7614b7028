#pragma once

#include <vector>

namespace xylem::detail {

/// While it lives, and where all ranks are on one node, Open MPI is told to send messages through its own layer over shared
/// memory: more than half of MPI_Init is a search for networks otherwise (docs/adr/0011-networks.md). Nothing is told where the
/// user or the site chose another layer, or left out what this one needs. Changes the environment: no other thread may look at it
/// meanwhile.
class SharedMemoryOnly {
 public:
  SharedMemoryOnly();
  ~SharedMemoryOnly();
  SharedMemoryOnly(const SharedMemoryOnly&) = delete;
  SharedMemoryOnly& operator=(const SharedMemoryOnly&) = delete;

 private:
  std::vector<const char*> named_{};  ///< variables
};

}  // namespace xylem::detail
