#include "xylem/comm/runtime.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "xylem/support/log.hpp"

namespace xylem {

MpiRuntime::MpiRuntime(int& argc, char**& argv) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized == 0) {
    int provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    owns_mpi_ = true;
  }
  world_.emplace(MPI_COMM_WORLD);
  log::set_enabled(world_->rank() == 0);
}

MpiRuntime::~MpiRuntime() {
  world_.reset();
  if (owns_mpi_) MPI_Finalize();
}

int run_guarded(const Communicator& world, const std::function<int()>& body) {
  Failure failure;
  bool agreed = world.size() == 1;
  try {
    return body();
  } catch (const Error& error) {
    failure = current_failure();
    agreed = agreed || error.agreed();
  } catch (...) {
    failure = current_failure();
  }
  const int exit_code = static_cast<int>(failure.kind);
  if (agreed) {
    if (world.rank() == 0) fmt::print(stderr, "xylem: error: {}\n", failure.message);
    return exit_code;
  }
  fmt::print(stderr, "xylem: error on rank {}: {}\n", world.rank(), failure.message);
  std::fflush(nullptr);
  MPI_Abort(world.handle(), exit_code);
  return exit_code;
}

}  // namespace xylem
