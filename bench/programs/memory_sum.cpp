// bench_memory_sum BYTES: sums of float32 elements in memory, as STREAM would: each rank its share, five times over, and the
// fastest counts. What the memory gives to a reduction that has nothing else to do.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "xylem/comm/runtime.hpp"
#include "xylem/support/error.hpp"

#include "sum.hpp"

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  return xylem::run_guarded(world, [&] {
    if (argc != 2) throw xylem::UsageError("usage: bench_memory_sum BYTES");
    const std::int64_t bytes = std::atoll(argv[1]);
    const std::vector<float> values(static_cast<std::size_t>(bytes / world.size()) / sizeof(float), 1.5F);
    double fastest = 1e9, total = 0;
    for (int repeat = 0; repeat < 5; ++repeat) {
      MPI_Barrier(world.handle());
      const double start = MPI_Wtime();
      total = bench::sum(values.data(), values.size());
      MPI_Barrier(world.handle());
      fastest = std::min(fastest, MPI_Wtime() - start);
    }
    if (total != 1.5 * static_cast<double>(values.size())) throw xylem::InternalError("the sum is wrong");
    if (world.rank() == 0)
      std::printf("{\"seconds\": %.6f, \"GB_per_s\": %.2f}\n", fastest, static_cast<double>(bytes) / fastest / 1e9);
    return 0;
  });
}
