#pragma once

#include <mpi.h>

namespace bench {

/// The `main` of a program that starts MPI as any program does, and not as xylem, whose start is shorter
/// (docs/adr/0011-networks.md).
inline int as_bare_program(int argc, char** argv, int (*run)(int, char**)) {
  MPI_Init(&argc, &argv);
  const int code = run(argc, argv);
  MPI_Finalize();
  return code;
}

}  // namespace bench
