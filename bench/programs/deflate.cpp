// bench_deflate FILE LEVEL CHUNK_BYTES: every byte of a file of 4-byte elements shuffled and compressed chunk by chunk, each rank
// its share, and thrown away. The plain limit of compressing: no format, and nothing is written.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "xylem/comm/runtime.hpp"
#include "xylem/storage/chunk_encoder.hpp"
#include "xylem/support/error.hpp"

namespace {

std::int64_t compress_share(const char* path, int level, std::int64_t chunk_bytes, int rank, int ranks) {
  const int file = open(path, O_RDONLY);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) throw xylem::ResourceError("cannot open '{}' ({})", path, std::strerror(errno));
  const std::int64_t chunks = status.st_size / chunk_bytes;
  std::vector<std::byte> chunk(static_cast<std::size_t>(chunk_bytes));
  xylem::ChunkEncoder encoder(level);
  std::int64_t stored = 0;
  for (std::int64_t i = chunks * rank / ranks; i < chunks * (rank + 1) / ranks; ++i) {
    if (pread(file, chunk.data(), chunk.size(), i * chunk_bytes) != static_cast<ssize_t>(chunk.size()))
      throw xylem::ResourceError("cannot read '{}' ({})", path, std::strerror(errno));
    stored += static_cast<std::int64_t>(encoder.encode(chunk, 4).size());
  }
  close(file);
  return stored;
}

}  // namespace

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  return xylem::run_guarded(world, [&] {
    if (argc != 4) throw xylem::UsageError("usage: bench_deflate FILE LEVEL CHUNK_BYTES");
    std::array<std::int64_t, 1> stored{
        compress_share(argv[1], std::atoi(argv[2]), std::max(4LL, std::atoll(argv[3]) / 4 * 4), world.rank(), world.size())};
    world.all_reduce_sum(stored);
    if (world.rank() == 0) std::printf("{\"stored\": %lld}\n", static_cast<long long>(stored[0]));
    return 0;
  });
}
