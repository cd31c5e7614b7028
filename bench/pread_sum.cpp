// bench_pread_sum FILE: every byte of a file, read once in blocks by pread, each rank its share. The plain limit of reading: no
// format, no decoding, one addition a word so that the bytes are looked at.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "xylem/comm/runtime.hpp"
#include "xylem/support/error.hpp"

namespace {

constexpr std::int64_t block_bytes = 1 << 20;

std::int64_t sum_share(const char* path, int rank, int ranks) {
  const int file = open(path, O_RDONLY);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) throw xylem::ResourceError("cannot open '{}' ({})", path, std::strerror(errno));
  const std::int64_t blocks = (status.st_size + block_bytes - 1) / block_bytes;
  std::vector<std::uint64_t> words(block_bytes / sizeof(std::uint64_t));
  std::uint64_t sum = 0;
  for (std::int64_t block = blocks * rank / ranks; block < blocks * (rank + 1) / ranks; ++block) {
    const std::int64_t offset = block * block_bytes, wanted = std::min(block_bytes, status.st_size - offset);
    if (pread(file, words.data(), static_cast<std::size_t>(wanted), offset) != wanted)
      throw xylem::ResourceError("cannot read '{}' ({})", path, std::strerror(errno));
    std::memset(reinterpret_cast<char*>(words.data()) + wanted, 0, static_cast<std::size_t>(block_bytes - wanted));
    for (const std::uint64_t word : words) sum += word;
  }
  close(file);
  return static_cast<std::int64_t>(sum);
}

}  // namespace

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  return xylem::run_guarded(world, [&] {
    if (argc != 2) throw xylem::UsageError("usage: bench_pread_sum FILE");
    std::array<std::int64_t, 1> sum{sum_share(argv[1], world.rank(), world.size())};
    world.all_reduce_sum(sum);
    if (world.rank() == 0) std::printf("{\"sum\": %lld}\n", static_cast<long long>(sum[0]));
    return 0;
  });
}
