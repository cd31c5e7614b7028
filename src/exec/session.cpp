#include "xylem/exec/session.hpp"

#include <fmt/format.h>

#include <Kokkos_Core.hpp>
#include <cstdlib>
#include <string>

#include "xylem/support/memory.hpp"

namespace xylem {
namespace {

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

// Unless the user's variables say otherwise, with a thread for each CPU of this rank, where Kokkos would take those of all ranks;
// and without warnings, which each rank would print: they are about OMP_PROC_BIND, and the launcher may have bound the ranks.
void start_kokkos([[maybe_unused]] int cpus) {
#if KOKKOS_VERSION >= 30700
  Kokkos::InitializationSettings settings;
  if (!is_set("KOKKOS_DISABLE_WARNINGS")) settings.set_disable_warnings(true);
  if (!is_set("OMP_NUM_THREADS") && !is_set("KOKKOS_NUM_THREADS")) settings.set_num_threads(cpus);
  Kokkos::initialize(settings);
#else
  Kokkos::InitArguments settings;
  settings.disable_warnings = !is_set("KOKKOS_DISABLE_WARNINGS");
#if defined(KOKKOS_ENABLE_OPENMP)
  if (!is_set("OMP_NUM_THREADS") && !is_set("KOKKOS_NUM_THREADS")) settings.num_threads = cpus;
#endif
  Kokkos::initialize(settings);
#endif
}

}  // namespace

Session::Session(int& argc, char**& argv) : mpi_(argc, argv) {
  give_back_large_buffers();
  if (!Kokkos::is_initialized()) {
    start_kokkos(world().cpus_per_rank());
    owns_kokkos_ = true;
  }
}

Session::~Session() {
  if (owns_kokkos_) Kokkos::finalize();
}

const char* kokkos_description() {
  static const std::string text = fmt::format("{}.{}.{} ({})", KOKKOS_VERSION / 10000, KOKKOS_VERSION / 100 % 100,
                                              KOKKOS_VERSION % 100, Kokkos::DefaultHostExecutionSpace::name());
  return text.c_str();
}

}  // namespace xylem
