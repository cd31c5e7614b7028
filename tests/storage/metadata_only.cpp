// Loading a tree reads no element of any dataset, and no file on two ranks. HDF5's own functions, and the pread() of xylem's own
// reads, are called through counters here.
#include <dlfcn.h>
#include <execinfo.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "xylem/storage/reader.hpp"
#include "xylem/tree/load.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"

using namespace xylem;
using test::world;

namespace {

int reads = 0;
std::map<std::string, int> opens;  // by file name

template <class Function>
Function* real_function(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" herr_t H5Dread(hid_t dataset, hid_t type, hid_t memory_space, hid_t file_space, hid_t properties, void* out) {
  ++reads;
  return real_function<decltype(H5Dread)>("H5Dread")(dataset, type, memory_space, file_space, properties, out);
}

#if H5_VERSION_GE(2, 0, 0)
extern "C" herr_t H5Dread_chunk2(hid_t dataset, hid_t properties, const hsize_t* offset, uint32_t* mask, void* out,
                                 size_t* size) {
  ++reads;
  return real_function<decltype(H5Dread_chunk2)>("H5Dread_chunk2")(dataset, properties, offset, mask, out, size);
}
#else
extern "C" herr_t H5Dread_chunk(hid_t dataset, hid_t properties, const hsize_t* offset, uint32_t* mask, void* out) {
  ++reads;
  return real_function<decltype(H5Dread_chunk)>("H5Dread_chunk")(dataset, properties, offset, mask, out);
}
#endif

// A read of metadata comes from HDF5, which calls xylem's driver for it; a read of elements does not.
extern "C" ssize_t pread(int descriptor, void* out, size_t size, off_t offset) {
  std::array<void*, 64> callers{};
  const int depth = backtrace(callers.data(), static_cast<int>(callers.size()));
  Dl_info hdf5{};
  dladdr(reinterpret_cast<void*>(real_function<decltype(H5open)>("H5open")), &hdf5);
  const bool from_hdf5 = std::any_of(callers.begin(), callers.begin() + depth, [&](void* caller) {
    Dl_info info{};
    return dladdr(caller, &info) != 0 && info.dli_fbase == hdf5.dli_fbase;
  });
  if (!from_hdf5) ++reads;
  return real_function<decltype(pread)>("pread")(descriptor, out, size, offset);
}

extern "C" hid_t H5Fopen(const char* name, unsigned flags, hid_t properties) {
  ++opens[name];
  return real_function<decltype(H5Fopen)>("H5Fopen")(name, flags, properties);
}

namespace {

class MetadataOnly : public testing::Test {
 protected:
  MetadataOnly() {
    folder_ = world().broadcast(world().rank() == 0 ? own_.file("") : std::string(), 0);
    if (world().rank() == 0) {
      for (int i = 0; i < 7; ++i) write(i);
      std::filesystem::create_symlink("data_2.h5", folder_ + "same_as_2.h5");
    }
    world().agree([] {});  // all files are there
    reads = 0;
    opens.clear();
  }
  ~MetadataOnly() override {
    world().agree([] {});
  }  // rank 0 removes them when all are done

  void write(int i) const {
    const auto file = test::create_file(folder_ + "data_" + std::to_string(i) + ".h5");
    test::create_dataset(file.get(), "x");
    const auto group = test::create_group(file.get(), "group");
    test::create_dataset(group.get(), "y", {3, 5});
    const std::string next = i < 6 ? "data_" + std::to_string(i + 1) + ".h5" : "linked.h5";
    H5Lcreate_external(next.c_str(), "/x", file.get(), "next", H5P_DEFAULT, H5P_DEFAULT);
    if (i != 6) return;
    const auto linked = test::create_file(folder_ + "linked.h5");
    test::create_dataset(linked.get(), "x");
    H5Lcreate_external("data_0.h5", "/x", linked.get(), "back", H5P_DEFAULT, H5P_DEFAULT);
  }

  // One chunk, read by other functions of HDF5.
  static void write_chunk(const std::string& path) {
    const auto file = test::create_file(path);
    const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
    const hsize_t shape[] = {4};
    H5Pset_chunk(properties.get(), 1, shape);
    H5Pset_fletcher32(properties.get());
    const h5::Dataspace space(H5Screate_simple(1, shape, nullptr));
    const h5::Dataset dataset(
        H5Dcreate2(file.get(), "x", H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    const double values[] = {2, 3, 4, 5};
    H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  }

  test::TemporaryFolder own_;
  std::string folder_;
};

// Opens of all ranks, by file and rank.
std::map<std::string, std::map<int, int>> all_opens() {
  std::string own;
  for (const auto& [name, count] : opens) own += name + '\n' + std::to_string(count) + '\n';
  std::map<std::string, std::map<int, int>> result;
  int rank = 0;
  for (const std::string& text : world().all_gather(own)) {
    std::istringstream lines(text);
    std::string name, count;
    while (std::getline(lines, name) && std::getline(lines, count)) result[name][rank] = std::stoi(count);
    ++rank;
  }
  return result;
}

}  // namespace

TEST_F(MetadataOnly, TheCountersCount) {
  FilePool files;
  auto info = std::make_shared<DatasetInfo>();
  info->ref = {folder_ + "data_0.h5", "/x"};
  info->dtype = {TypeClass::floating, 8};
  info->shape = info->max_shape = {4};
  std::vector<double> values(4);
  DatasetReader(files, info).read(Box{{0}, {4}}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values[3], 3);
  EXPECT_EQ(reads, 1);
  reads = 0;
  DatasetReader(files, info, IoStrategy::hyperslab).read(Box{{0}, {4}}, std::as_writable_bytes(std::span(values)));
  EXPECT_GE(reads, 1);
  EXPECT_EQ(opens[folder_ + "data_0.h5"], 1);
  const std::string path = own_.file("chunks_of_rank_" + std::to_string(world().rank()) + ".h5");
  write_chunk(path);
  info->ref = {path, "/x"};
  info->layout = Layout::chunked;
  info->chunk = {4};
  info->filters = {{H5Z_FILTER_FLETCHER32, "fletcher32", 0, {}}};
  reads = 0;
  DatasetReader(files, info, IoStrategy::direct).read(Box{{0}, {4}}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values[3], 5);
  EXPECT_EQ(reads, 2);  // H5Dread_chunk() tells where the chunk is, pread() reads it
}

TEST_F(MetadataOnly, NoElementIsRead) {
  const Tree tree = load_tree(world(), {folder_ + "*.h5"});
  EXPECT_EQ(tree.files.size(), 8u);
  const auto* x = dynamic_cast<const Container*>(tree.files[3].root->find("/group/y"));
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->info().shape, (Shape{3, 5}));
  EXPECT_EQ(reads, 0);
}

TEST_F(MetadataOnly, EachFileIsOpenedOnceByOneRank) {
  // data_0 leads by external links through all others, to a file that was not asked for, and back.
  const Tree tree = load_tree(world(), {folder_ + "data_*.h5", folder_ + "same_as_2.h5"});
  EXPECT_EQ(tree.files.size(), 7u);
  EXPECT_EQ(tree.linked_files.size(), 1u);
  const auto by_file = all_opens();
  EXPECT_EQ(by_file.size(), 8u);
  std::map<int, int> files_of_rank;
  for (const auto& [name, ranks] : by_file) {
    EXPECT_EQ(ranks.size(), 1u) << name << " is opened by several ranks";
    EXPECT_EQ(ranks.begin()->second, 1) << name << " is opened several times";
    ++files_of_rank[ranks.begin()->first];
  }
  EXPECT_EQ(files_of_rank.size(), static_cast<std::size_t>(world().size())) << "some rank has nothing to do";
}

TEST_F(MetadataOnly, LinksAreFollowedToOtherFiles) {
  const Tree tree = load_tree(world(), {folder_ + "data_*.h5"});
  for (const FileTree& file : tree.files) {
    const auto* link = dynamic_cast<const Link*>(file.root->member("next"));
    ASSERT_NE(link, nullptr);
    const auto* target = dynamic_cast<const Container*>(tree.follow(file, *link));
    ASSERT_NE(target, nullptr);
    EXPECT_NE(target->info().ref.file, file.file);
    EXPECT_EQ(target->info().ref.path, "/x");
  }
}
