#include "xylem/exec/session.hpp"

#include <fmt/format.h>

#include <Kokkos_Core.hpp>
#include <string>

#include "xylem/support/memory.hpp"

namespace xylem {

Session::Session(int& argc, char**& argv) : mpi_(argc, argv) {
  give_back_large_buffers();
  if (!Kokkos::is_initialized()) {
    Kokkos::initialize();
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
