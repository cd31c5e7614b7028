// A program that fails in the ways the drivers can, for the tests of exit codes: MODE RANK, where MODE says how RANK fails; or
// `version`: prints that of the MPI library; or `layer`: each rank prints the layers that Open MPI was told to send messages
// through, and what the environment says of them.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "xylem/comm/runtime.hpp"

namespace {

void print_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> version{};
  int length = 0;
  MPI_Get_library_version(version.data(), &length);
  std::puts(version.data());
}

void print_layer(const std::string& name) {
  int provided = 0, index = 0, count = 0;
  std::array<char, 4096> layer{};
  MPI_T_cvar_handle handle{};
  MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
  if (MPI_T_cvar_get_index(name.c_str(), &index) == MPI_SUCCESS &&
      MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) == MPI_SUCCESS && static_cast<std::size_t>(count) < layer.size()) {
    MPI_T_cvar_read(handle, layer.data());
  }
  MPI_T_finalize();
  const char* environment = std::getenv(("OMPI_MCA_" + name).c_str());
  std::printf("%s '%s', environment '%s'\n", name.c_str(), layer.data(), environment == nullptr ? "" : environment);
}

}  // namespace

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  const std::string mode = argc > 1 ? argv[1] : "";
  const bool fails = argc > 2 && world.rank() == std::atoi(argv[2]);
  return xylem::run_guarded(world, [&] {
    const auto fail = [&] {
      if (fails) throw xylem::DataError("this rank met a damaged chunk");
    };
    if (mode == "version") print_version();
    if (mode == "layer") print_layer("pml");
    if (mode == "layer") print_layer("btl");
    if (mode == "agreed") world.agree(fail);
    if (mode == "escaped") fail();
    if (mode == "crashed" && fails) std::abort();
    if (mode == "foreign" && fails) throw std::runtime_error("nobody expected this");
    return static_cast<int>(world.all_gather("the others wait here").size()) - world.size();
  });
}
