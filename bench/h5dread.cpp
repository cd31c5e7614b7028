// bench_h5dread FILE PATH: what one writes first: H5Dread of one chunk after the other with HDF5's defaults, and naive statistics
// of a float32 dataset whose missing values are its _FillValue. Each rank takes its share of the chunks.
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

#include "xylem/comm/runtime.hpp"
#include "xylem/model/chunk_grid.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"

namespace {

using namespace xylem;

struct Statistics {
  std::int64_t count = 0;
  double sum = 0, square_sum = 0;
  double min = std::numeric_limits<double>::infinity(), max = -min;
};

std::vector<hsize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

ChunkGrid chunks_of(hid_t dataset) {
  const h5::Dataspace space(h5::check(H5Dget_space(dataset), "no shape"));
  const h5::PropertyList properties(h5::check(H5Dget_create_plist(dataset), "no properties"));
  std::array<hsize_t, H5S_MAX_RANK> shape{}, chunk{};
  const int ndim = h5::check(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), "no shape");
  h5::check(H5Pget_chunk(properties.get(), ndim, chunk.data()), "not chunked");
  return {Shape(shape.begin(), shape.begin() + ndim), Shape(chunk.begin(), chunk.begin() + ndim)};
}

float fill_value(hid_t dataset) {
  float fill = 0;
  const h5::Attribute attribute(h5::check(H5Aopen(dataset, "_FillValue", H5P_DEFAULT), "no _FillValue"));
  h5::check(H5Aread(attribute.get(), H5T_NATIVE_FLOAT, &fill), "no _FillValue");
  return fill;
}

Statistics reduce_share(const char* file_name, const char* path, int rank, int ranks) {
  const h5::File file = h5::open_readonly(file_name);
  const h5::Dataset dataset(h5::check(H5Dopen2(file.get(), path, H5P_DEFAULT), "no such dataset"));
  const h5::Dataspace space(H5Dget_space(dataset.get()));
  const ChunkGrid chunks = chunks_of(dataset.get());
  const float fill = fill_value(dataset.get());
  std::vector<float> values;
  Statistics result;
  for (std::int64_t i = chunks.size() * rank / ranks; i < chunks.size() * (rank + 1) / ranks; ++i) {
    const Box box = chunks.box(i);
    const std::vector<hsize_t> start = extents(box.start), count = extents(box.count);
    H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    const h5::Dataspace memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    values.resize(static_cast<std::size_t>(box.size()));
    h5::check(H5Dread(dataset.get(), H5T_NATIVE_FLOAT, memory.get(), space.get(), H5P_DEFAULT, values.data()), "cannot read");
    for (const float value : values) {
      if (value == fill || std::isnan(value)) continue;
      const double x = value;
      ++result.count;
      result.sum += x;
      result.square_sum += x * x;
      result.min = std::min(result.min, x);
      result.max = std::max(result.max, x);
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  MpiRuntime runtime(argc, argv);
  const Communicator& world = runtime.world();
  return run_guarded(world, [&] {
    if (argc != 3) throw UsageError("usage: bench_h5dread FILE PATH");
    Statistics s = reduce_share(argv[1], argv[2], world.rank(), world.size());
    MPI_Allreduce(MPI_IN_PLACE, &s.count, 1, MPI_INT64_T, MPI_SUM, world.handle());
    MPI_Allreduce(MPI_IN_PLACE, &s.sum, 2, MPI_DOUBLE, MPI_SUM, world.handle());
    MPI_Allreduce(MPI_IN_PLACE, &s.min, 1, MPI_DOUBLE, MPI_MIN, world.handle());
    MPI_Allreduce(MPI_IN_PLACE, &s.max, 1, MPI_DOUBLE, MPI_MAX, world.handle());
    const double n = static_cast<double>(s.count), mean = s.sum / n;
    if (world.rank() == 0) {
      std::printf("{\"count\": %lld, \"min\": %.17g, \"max\": %.17g, \"mean\": %.17g, \"std\": %.17g}\n",
                  static_cast<long long>(s.count), s.min, s.max, mean, std::sqrt(s.square_sum / n - mean * mean));
    }
    return 0;
  });
}
