#pragma once

#include <mpi.h>

#include <cstdint>

#include "xylem/comm/communicator.hpp"

namespace xylem {

/// A counter that all ranks share: each number from 0 is given once, to whoever asks next. It lies on rank 0.
class SharedCounter {
 public:
  /// Collective: yes.
  explicit SharedCounter(const Communicator& comm);
  /// Collective: yes.
  ~SharedCounter();
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;

  /// The next number. Not collective.
  std::int64_t next();

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::int64_t* value_ = nullptr;
};

}  // namespace xylem
