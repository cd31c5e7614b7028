// No file's metadata are read by two ranks: a run of statistics that has no element to read opens each file on one rank only.
// HDF5's own function is called through a counter here.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <map>
#include <set>
#include <sstream>

#include "xylem/exec/session.hpp"
#include "xylem/exec/statistics.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/select.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"

using namespace xylem;
using test::world;

namespace {
std::map<std::string, int> opens;  // by file name
}

extern "C" hid_t H5Fopen(const char* name, unsigned flags, hid_t properties) {
  ++opens[name];
  return reinterpret_cast<decltype(H5Fopen)*>(dlsym(RTLD_NEXT, "H5Fopen"))(name, flags, properties);
}

namespace {

constexpr int num_files = 9;

// Datasets for which no space is allocated; "v" is in some of the files only, so that those selected are dealt otherwise than
// those scanned, were they dealt anew.
void write_files(const std::string& folder) {
  for (int i = 0; i < num_files; ++i) {
    const auto file = test::create_file(folder + "data_" + std::to_string(i) + ".h5");
    const hsize_t extent = 5;
    const h5::Dataspace space(H5Screate_simple(1, &extent, nullptr));
    for (const char* name : {"u", "v"}) {
      if (*name == 'v' && i % 3 == 0) continue;
      const h5::Dataset dataset(H5Dcreate2(file.get(), name, H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      ASSERT_TRUE(dataset);
    }
  }
}

}  // namespace

TEST(OneScanner, TheRankThatScannedAFileOpensItAgain) {
  int argc = 0;
  char** argv = nullptr;
  const Session session(argc, argv);
  const test::TemporaryFolder own;
  const std::string folder = world().broadcast(world().rank() == 0 ? own.file("") : std::string(), 0);
  if (world().rank() == 0) write_files(folder);
  world().agree([] {});  // all files are there
  opens.clear();

  const Tree tree = load_tree(world(), {folder + "*.h5"});
  const Selection selection = select_numeric(tree, {"v"});
  ASSERT_EQ(selection.datasets.size(), 6u);
  StatisticsOptions options;
  options.memory_limit = std::int64_t{100} << 20;
  const StatisticsReport report = compute_statistics(world(), selection.datasets, tree.scanned_by(), options);
  ASSERT_EQ(report.rows.size(), 6u);
  for (const DatasetStatistics& row : report.rows) EXPECT_EQ(row.count, 5);

  std::string text;
  for (const auto& [name, count] : opens) text += name + '\n';
  EXPECT_FALSE(text.empty()) << "this rank has nothing to do";
  std::set<std::string> seen;
  for (const std::string& names : world().all_gather(text)) {
    std::istringstream lines(names);
    for (std::string name; std::getline(lines, name);) EXPECT_TRUE(seen.insert(name).second) << name << " is opened by two ranks";
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(num_files));
}
