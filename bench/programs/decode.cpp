// bench_decode FILE EXTENTS CHUNK_BYTES [mean]: the chunks of a float32 dataset with shuffle and deflate, fetched by pread,
// inflated by libdeflate and unshuffled, each rank its share, and thrown away. The plain limit of decoding. With `mean` it prints
// the mean too, which shows that the elements are the right ones.
#include <libdeflate.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "xylem/comm/runtime.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/multiversion.hpp"

#include "sum.hpp"

namespace {

XYLEM_MULTIVERSION void unshuffle(const std::uint8_t* in, std::uint32_t* out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint32_t>(in[i]) | static_cast<std::uint32_t>(in[count + i]) << 8 |
             static_cast<std::uint32_t>(in[2 * count + i]) << 16 | static_cast<std::uint32_t>(in[3 * count + i]) << 24;
  }
}

// The sum, where asked for, and the number of the elements.
std::array<double, 2> decode_share(const char* path, const char* extents_path, std::size_t chunk_bytes, bool summed, int rank,
                                   int ranks) {
  const bench::InputFile file(path);
  const std::vector<bench::Extent> extents = bench::read_extents(extents_path);
  const auto chunks = static_cast<std::int64_t>(extents.size());
  const std::size_t count = chunk_bytes / sizeof(float);
  std::vector<std::byte> stored;
  std::vector<std::uint8_t> inflated(chunk_bytes);
  std::vector<std::uint32_t> words(count);
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> inflater(libdeflate_alloc_decompressor(),
                                                                                              libdeflate_free_decompressor);
  std::array<double, 2> result{};
  for (std::int64_t i = chunks * rank / ranks; i < chunks * (rank + 1) / ranks; ++i) {
    const auto& [offset, size] = extents[static_cast<std::size_t>(i)];
    stored.resize(static_cast<std::size_t>(size));
    file.read(offset, stored);
    if (libdeflate_zlib_decompress(inflater.get(), stored.data(), stored.size(), inflated.data(), chunk_bytes, nullptr) !=
        LIBDEFLATE_SUCCESS)
      throw xylem::DataError("chunk {} of '{}' is not {} bytes of deflate", i, path, chunk_bytes);
    unshuffle(inflated.data(), words.data(), count);
    if (summed) result[0] += bench::sum(reinterpret_cast<const float*>(words.data()), count);
    result[1] += static_cast<double>(count);
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  return xylem::run_guarded(world, [&] {
    if (argc != 4 && argc != 5) throw xylem::UsageError("usage: bench_decode FILE EXTENTS CHUNK_BYTES [mean]");
    const auto chunk_bytes = static_cast<std::size_t>(std::atoll(argv[3]));
    std::array<double, 2> totals = decode_share(argv[1], argv[2], chunk_bytes, argc == 5, world.rank(), world.size());
    MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_DOUBLE, MPI_SUM, world.handle());
    if (world.rank() != 0) return 0;
    if (argc == 5)
      std::printf("{\"mean\": %.17g}\n", totals[0] / totals[1]);
    else
      std::printf("{\"elements\": %.0f}\n", totals[1]);
    return 0;
  });
}
