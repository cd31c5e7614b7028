// bench_many_files FOLDER DATASET: opens all files of a folder with bare HDF5 and its defaults, reads a float32 dataset of each
// in whole, and prints the mean of each index of its first dim, in the order of the files' names. Each rank takes its share of
// the files.
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "xylem/comm/runtime.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"

#include "bare.hpp"
#include "sum.hpp"

namespace {

using namespace xylem;

// The means, added to `means`.
void read_file(const std::string& path, const char* name, std::vector<float>& values, std::vector<double>& means) {
  const h5::File file(h5::check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "cannot open"));
  const h5::Dataset dataset(h5::check(H5Dopen2(file.get(), name, H5P_DEFAULT), "no such dataset"));
  const h5::Dataspace space(h5::check(H5Dget_space(dataset.get()), "no shape"));
  std::array<hsize_t, H5S_MAX_RANK> shape{};
  h5::check(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), "no shape");
  const auto count = static_cast<std::size_t>(h5::check(H5Sget_simple_extent_npoints(space.get()), "no shape"));
  values.resize(count);
  h5::check(H5Dread(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "cannot read");
  const std::size_t step = count / shape[0];
  for (std::size_t i = 0; i < shape[0]; ++i) means.push_back(bench::sum(&values[i * step], step) / static_cast<double>(step));
}

std::vector<double> read_share(const char* folder, const char* name, int rank, int ranks) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".h5") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  const auto files = static_cast<std::int64_t>(paths.size());
  std::vector<float> values;
  std::vector<double> means;
  for (std::int64_t i = files * rank / ranks; i < files * (rank + 1) / ranks; ++i)
    read_file(paths[static_cast<std::size_t>(i)], name, values, means);
  return means;
}

void print_means(const Communicator& world, const std::vector<double>& means) {
  std::vector<int> counts(static_cast<std::size_t>(world.size())), starts(counts.size());
  const int count = static_cast<int>(means.size());
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world.handle());
  int total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    starts[i] = total;
    total += counts[i];
  }
  std::vector<double> all(static_cast<std::size_t>(total));
  MPI_Gatherv(means.data(), count, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE, 0, world.handle());
  if (world.rank() != 0) return;
  for (std::size_t i = 0; i < all.size(); ++i) std::printf("%s%.17g", i == 0 ? "{\"mean\": [" : ", ", all[i]);
  std::printf("]}\n");
}

int run(int argc, char** argv) {
  MpiRuntime runtime(argc, argv);
  const Communicator& world = runtime.world();
  return run_guarded(world, [&] {
    if (argc != 3) throw UsageError("usage: bench_many_files FOLDER DATASET");
    print_means(world, read_share(argv[1], argv[2], world.rank(), world.size()));
    return 0;
  });
}

}  // namespace

int main(int argc, char** argv) { return bench::as_bare_program(argc, argv, run); }
