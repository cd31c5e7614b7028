// bench_pread_sum FILE EXTENTS: the float32 elements in pieces of a file, read once by pread and added up, each rank its share.
// The plain limit of reading: no format, no decoding. The buffer is used again and stays in the second-level cache.
#include <algorithm>
#include <array>
#include <cstdio>

#include "xylem/comm/runtime.hpp"
#include "xylem/support/error.hpp"

#include "bare.hpp"
#include "sum.hpp"

namespace {

constexpr std::int64_t block_bytes = 512 << 10;

// The sum and the number of the elements.
std::array<double, 2> sum_share(const char* path, const char* extents_path, int rank, int ranks) {
  const bench::InputFile file(path);
  const std::vector<bench::Extent> extents = bench::read_extents(extents_path);
  const auto chunks = static_cast<std::int64_t>(extents.size());
  std::vector<std::byte> block(block_bytes);
  std::array<double, 2> result{};
  const std::int64_t end = chunks * (rank + 1) / ranks;
  for (std::int64_t i = chunks * rank / ranks; i < end;) {
    bench::Extent run = extents[static_cast<std::size_t>(i)];  // chunks that follow each other in the file are read as one
    for (++i; i < end && extents[static_cast<std::size_t>(i)].offset == run.offset + run.size; ++i)
      run.size += extents[static_cast<std::size_t>(i)].size;
    for (std::int64_t done = 0; done < run.size; done += block_bytes) {
      const auto bytes = static_cast<std::size_t>(std::min(block_bytes, run.size - done));
      file.read(run.offset + done, std::span(block).first(bytes));
      result[0] += bench::sum(reinterpret_cast<const float*>(block.data()), bytes / sizeof(float));
      result[1] += static_cast<double>(bytes / sizeof(float));
    }
  }
  return result;
}

int run(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  return xylem::run_guarded(world, [&] {
    if (argc != 3) throw xylem::UsageError("usage: bench_pread_sum FILE EXTENTS");
    std::array<double, 2> totals = sum_share(argv[1], argv[2], world.rank(), world.size());
    MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_DOUBLE, MPI_SUM, world.handle());
    if (world.rank() == 0) std::printf("{\"mean\": %.17g}\n", totals[0] / totals[1]);
    return 0;
  });
}

}  // namespace

int main(int argc, char** argv) { return bench::as_bare_program(argc, argv, run); }
