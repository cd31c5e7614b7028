#pragma once

#include <functional>
#include <string>

#include "xylem/comm/communicator.hpp"

namespace xylem {

/// MPI from start to end: initializes it (MPI_THREAD_SERIALIZED) unless the program has, and finalizes what it initialized. Lets
/// rank 0 alone write log messages; where it initialized MPI, a crash of the process is one line and the exit code of an internal
/// error. Where srun started the program in a way in which the MPI library cannot start, it ends here with one line and the code
/// of a usage error. Collective: construction and destruction, on all ranks of the job.
class MpiRuntime {
 public:
  /// The program's arguments, as MPI_Init_thread takes them.
  MpiRuntime(int& argc, char**& argv);
  ~MpiRuntime();
  MpiRuntime(const MpiRuntime&) = delete;
  MpiRuntime& operator=(const MpiRuntime&) = delete;

  /// A communicator over all ranks of the job, owned by the runtime.
  [[nodiscard]] const Communicator& world() const noexcept { return *world_; }

 private:
  bool owns_mpi_ = false;
  std::optional<Communicator> world_;
};

/// The MPI library that runs, in its own words ("Open MPI v4.1.4").
[[nodiscard]] std::string mpi_library_version();

/// Runs the body of a program and turns what it throws into an exit code, so that one rank's failure ends all ranks:
/// an error that all ranks agree on is printed once, by rank 0, and its code returned on every rank; anything else is printed by
/// the rank it happened on, and aborts the job with its code. Returns the body's own value otherwise.
/// Where a launcher started several ranks that do not see each other (as its environment variables tell), the body is not run:
/// one of them says so, and all return the code of a usage error. Collective: on `world`.
int run_guarded(const Communicator& world, const std::function<int()>& body);

}  // namespace xylem
