// A container that is resolved as chunked is a lazy array, and stays one while it is a proxy or data: computed, all give the
// same.
#include <gtest/gtest.h>

#include <Kokkos_Core.hpp>

#include "xylem/array/source.hpp"
#include "xylem/job/compute.hpp"
#include "xylem/tree/data_manager.hpp"
#include "xylem/tree/resolve.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"

using namespace xylem;
using test::world;

namespace {

TEST(Chunked, IsALazyArray) {
  const Kokkos::ScopeGuard kokkos;
  const test::TemporaryFolder folder;
  const std::string path = world().broadcast(folder.file(""), 0);
  world().agree([&] {
    if (world().rank() == 0) test::create_dataset(test::create_file(path + "f.h5").get(), "x", {6, 5});
  });
  DataManager data(world(), path);
  data.load("some", {.loader = "hdf5_as_dask", .glob_str = "f.h5", .target_path = "runs/{basename}"});
  Container& x = data.container("runs/f/x");
  const auto mean = [&] { return compute(world(), data.files(), lazy(x, labels(x), {}).mean("dim_0"))[0].values<double>(); };
  const std::vector<double> expected{12.5, 13.5, 14.5, 15.5, 16.5};
  EXPECT_EQ(mean(), expected);
  resolve(world(), x, {.retain = true});
  ASSERT_TRUE(x.is_chunked());
  EXPECT_EQ(mean(), expected);
  x.reinstate();
  resolve(world(), x, {.as = ResolveAs::data});
  ASSERT_FALSE(x.is_chunked());
  EXPECT_EQ(mean(), expected);
}

}  // namespace
