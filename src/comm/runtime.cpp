#include "xylem/comm/runtime.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "xylem/support/log.hpp"
#include "xylem/support/standard_streams.hpp"

#include "detail/launcher.hpp"
#include "detail/networks.hpp"

namespace xylem {
namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGABRT};

// Ready to be written: a signal handler may not allocate. Plain storage, for a crash may come after static destructors.
std::array<char, 256> crash_message;
std::size_t crash_message_size = 0;

// MPI_Abort may not be called here. mpirun ends the job when a process exits without MPI_Finalize and with an error; for srun see
// docs/exit-codes.md.
extern "C" void report_crash(int) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, crash_message.data(), crash_message_size);
  _exit(static_cast<int>(ErrorKind::internal));
}

// A damaged file can crash the HDF5 library. OpenMPI's own handlers would then print a backtrace, for which they allocate
// memory: where the heap is what was damaged, they hang for ever. Handlers that were there before MPI's (of a sanitizer or a
// debugger) stay.
void take_over_crashes(const std::array<struct sigaction, crashes.size()>& before, int rank) {
  const auto text = fmt::format_to_n(crash_message.data(), crash_message.size(),
                                     "xylem: error on rank {}: the program crashed (a defect of xylem, or a damaged file that "
                                     "crashed the HDF5 library): look for the file that it happens with\n",
                                     rank);
  crash_message_size = static_cast<std::size_t>(text.out - crash_message.data());
  for (std::size_t i = 0; i < crashes.size(); ++i) {
    if (before[i].sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = report_crash;
    sigaction(crashes[i], &action, nullptr);
  }
}

// Some launchers end all copies of a program as soon as one fails: the first of them speaks before the others end.
void let_the_first_speak() { std::this_thread::sleep_for(std::chrono::seconds(1)); }

// Open MPI 4, started by srun and not through PMIx (or PMI, where it was built with that), cannot tell ranks apart: MPI_Init
// would end the process with code 1 and a page of text from each rank. Later releases take each rank for a job of one, which is
// found after MPI_Init.
void refuse_srun_without_pmix() {
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION < 5
  const auto set = [](const char* name) { return std::getenv(name) != nullptr; };
  if (!set("SLURM_STEP_ID") || !set("SLURM_STEP_NUM_TASKS") || set("OMPI_COMM_WORLD_SIZE") || set("PMIX_RANK") || set("PMI_RANK"))
    return;
  const char* rank = std::getenv("SLURM_PROCID");
  if (rank == nullptr || std::strcmp(rank, "0") == 0) {
    write_stderr(
        "xylem: error: srun started this without pmix, through which Open MPI's ranks find each other: use srun --mpi=pmix, or "
        "where srun --mpi=list does not name pmix, mpirun in the batch script\n");
  } else {
    let_the_first_speak();
  }
  std::exit(static_cast<int>(ErrorKind::usage));
#endif
}

// What the launcher that is nearest to this process says of it, if any does.
struct Launched {
  const char* variable;  // that holds the number of ranks
  int ranks;
  int rank;
};

std::optional<Launched> read_launcher() {
  // mpirun of OpenMPI, mpiexec of MPICH and its kin, srun. mpirun may itself run inside a step of srun: it comes first.
  constexpr std::array names{std::pair{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, std::pair{"PMI_SIZE", "PMI_RANK"},
                             std::pair{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"}};
  for (const auto& [size, rank] : names) {
    if (const auto ranks = detail::environment_number(size))
      return Launched{size, *ranks, detail::environment_number(rank).value_or(0)};
  }
  return {};
}

// N copies that each take themselves for the only rank would do everything N times, and write over each other. True where this is
// one of them; the first says so.
bool refuse_copies() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const std::optional<Launched> launched = size == 1 ? read_launcher() : std::nullopt;
  if (!launched || launched->ranks <= 1) return false;
  if (launched->rank == 0) {
    write_stderr(
        fmt::format("xylem: error: {0} ranks were started ({1}={0}), and each sees only itself: the launcher is not of the MPI "
                    "library that xylem "
                    "was built with, or does not speak to it; use that library's mpirun, or srun --mpi=pmix (where copies are "
                    "meant: env -u {1} "
                    "xylem ...)\n",
                    launched->ranks, launched->variable));
  } else {
    let_the_first_speak();
  }
  return true;
}

}  // namespace

MpiRuntime::MpiRuntime(int& argc, char**& argv) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  std::array<struct sigaction, crashes.size()> handlers{};
  for (std::size_t i = 0; i < crashes.size(); ++i) sigaction(crashes[i], nullptr, &handlers[i]);
  if (initialized == 0) {
    refuse_srun_without_pmix();
    int provided = 0;
    const detail::SharedMemoryOnly fast;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    owns_mpi_ = true;
  }
  signal(SIGXFSZ, SIG_IGN);  // a limit of file sizes fails writes, as a full disk does, instead of ending the process
  world_.emplace(MPI_COMM_WORLD);
  logging::set_enabled(world_->rank() == 0);
  if (owns_mpi_) take_over_crashes(handlers, world_->rank());
}

MpiRuntime::~MpiRuntime() {
  world_.reset();
  if (owns_mpi_) MPI_Finalize();
}

std::string mpi_library_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string all(text, static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

int run_guarded(const Communicator& world, const std::function<int()>& body) {
  if (refuse_copies()) return static_cast<int>(ErrorKind::usage);
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
    if (world.rank() == 0) write_stderr(fmt::format("xylem: error: {}\n", failure.message));
    return exit_code;
  }
  write_stderr(fmt::format("xylem: error on rank {}: {}\n", world.rank(), failure.message));
  std::fflush(nullptr);
  MPI_Abort(world.handle(), exit_code);
  return exit_code;
}

}  // namespace xylem
