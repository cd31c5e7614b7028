#pragma once

#include "xylem/comm/runtime.hpp"

namespace xylem {

/// MPI and Kokkos from start to end of a program.
/// Collective: construction and destruction, on all ranks of the job.
class Session {
 public:
  /// Starts MPI, as MpiRuntime does with the program's arguments, and Kokkos, unless the program has; what it started it ends.
  /// Kokkos gets as many threads as OMP_NUM_THREADS or KOKKOS_NUM_THREADS say, or Communicator::cpus_per_rank; it warns only
  /// where KOKKOS_DISABLE_WARNINGS is set to 0.
  Session(int& argc, char**& argv);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// All ranks of the job; it lives as long as the session.
  [[nodiscard]] const Communicator& world() const noexcept { return mpi_.world(); }

 private:
  MpiRuntime mpi_;
  bool owns_kokkos_ = false;
};

/// Where kernels run: Kokkos' version and its host execution space, for people ("3.4.1 (Serial)").
[[nodiscard]] const char* kokkos_description();

}  // namespace xylem
