// bench_fused_loop FILE: the mean of sqrt(u^2 + v^2) over /u and /v, float32 datasets of one shape, by a loop written for it over
// the reader that `xylem reduce` uses: indices of the first dim one by one, each rank its share, plain additions.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <vector>

#include "xylem/comm/runtime.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

namespace {

using namespace xylem;

// By name, of the datasets in the root group.
std::shared_ptr<const DatasetInfo> find(const FileMetadata& file, const char* name) {
  const auto found =
      std::ranges::find_if(file.objects, [&](const ObjectInfo& object) { return object.parent == 0 && object.name == name; });
  if (found == file.objects.end() || !found->dataset) throw DataError("'{}' has no dataset '{}'", file.file, name);
  return found->dataset;
}

// The sum and the number of the rank's elements.
std::array<double, 2> sum_share(const char* path, int rank, int ranks) {
  const FileMetadata file = scan_file(path);
  const auto info = find(file, "u");
  FilePool files;
  DatasetReader u_reader(files, info), v_reader(files, find(file, "v"));
  Box box{Shape(info->shape.size(), 0), info->shape};
  box.count[0] = 1;
  const auto n = static_cast<std::size_t>(box.size());
  std::vector<float> u(n), v(n);
  double sum = 0;
  const std::int64_t begin = info->shape[0] * rank / ranks, end = info->shape[0] * (rank + 1) / ranks;
  for (box.start[0] = begin; box.start[0] < end; ++box.start[0]) {
    u_reader.read(box, std::as_writable_bytes(std::span(u)));
    v_reader.read(box, std::as_writable_bytes(std::span(v)));
    double sums[8] = {};
    for (std::size_t i = 0; i + 8 <= n; i += 8) {
      for (std::size_t k = 0; k < 8; ++k) sums[k] += static_cast<double>(std::sqrt(u[i + k] * u[i + k] + v[i + k] * v[i + k]));
    }
    for (std::size_t i = n / 8 * 8; i < n; ++i) sums[0] += static_cast<double>(std::sqrt(u[i] * u[i] + v[i] * v[i]));
    for (const double part : sums) sum += part;
  }
  return {sum, static_cast<double>(end - begin) * static_cast<double>(n)};
}

}  // namespace

int main(int argc, char** argv) {
  MpiRuntime runtime(argc, argv);
  const Communicator& world = runtime.world();
  return run_guarded(world, [&] {
    if (argc != 2) throw UsageError("usage: bench_fused_loop FILE");
    const double start = MPI_Wtime();
    std::array<double, 2> totals = sum_share(argv[1], world.rank(), world.size());
    MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_DOUBLE, MPI_SUM, world.handle());
    if (world.rank() == 0) std::printf("{\"mean\": %.17g, \"seconds\": %.4f}\n", totals[0] / totals[1], MPI_Wtime() - start);
    return 0;
  });
}
