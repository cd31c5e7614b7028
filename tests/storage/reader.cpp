#include "xylem/storage/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "files.hpp"

using namespace xylem;

namespace {

std::mt19937_64 engine(1);

std::int64_t number(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(engine);
}
bool chance(double p) { return std::bernoulli_distribution(p)(engine); }

std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

// A dataset of random shape, layout, type, filters; wholly, partly or never written.
void write_random(hid_t file, const std::string& name) {
  static const std::vector<hid_t> types{H5T_STD_I8LE,  H5T_STD_U16BE,  H5T_STD_I32LE,  H5T_STD_I64BE,
                                        H5T_STD_U64LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F32LE};
  const h5::Datatype type(H5Tcopy(types[static_cast<std::size_t>(number(0, 7))]));
  if (H5Tget_class(type.get()) == H5T_INTEGER && chance(0.2)) H5Tset_precision(type.get(), H5Tget_precision(type.get()) - 3);
  const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
  const std::int64_t rank = number(0, 4);
  Shape shape, chunk;
  for (std::int64_t d = 0; d < rank; ++d) shape.push_back(number(1, rank < 3 ? 40 : 9));
  if (rank > 0 && chance(0.8)) {
    for (const std::int64_t extent : shape) chunk.push_back(number(1, extent));
    H5Pset_chunk(properties.get(), static_cast<int>(rank), to_hsize(chunk).data());
    if (chance(0.2)) H5Pset_chunk_opts(properties.get(), H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    if (chance(0.15)) H5Pset_nbit(properties.get());
    if (chance(0.3)) H5Pset_fletcher32(properties.get());
    if (chance(0.5)) H5Pset_shuffle(properties.get());
    if (chance(0.5)) H5Pset_deflate(properties.get(), 3);
    if (chance(0.2)) H5Pset_fletcher32(properties.get());
  } else if (chance(0.3)) {
    H5Pset_layout(properties.get(), H5D_COMPACT);
  }
  if (chance(0.4)) {
    const int fill = 77;
    H5Pset_fill_value(properties.get(), H5T_NATIVE_INT, &fill);
  }
  const h5::Dataspace space(rank == 0 ? H5Screate(H5S_SCALAR)
                                      : H5Screate_simple(static_cast<int>(rank), to_hsize(shape).data(), nullptr));
  const h5::Dataset dataset(H5Dcreate2(file, name.c_str(), type.get(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
  EXPECT_TRUE(dataset);
  std::vector<double> values(static_cast<std::size_t>(num_elements(shape).value()));
  for (double& value : values) value = static_cast<double>(number(-100, 100));
  if (chance(0.15)) return;
  h5::Dataspace part(H5Scopy(space.get()));
  if (rank > 0 && chance(0.3)) {
    std::vector<hsize_t> start, count;
    for (const std::int64_t extent : shape) {
      start.push_back(static_cast<hsize_t>(number(0, extent - 1)));
      count.push_back(static_cast<hsize_t>(extent) - start.back());
    }
    H5Sselect_hyperslab(part.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  }
  EXPECT_GE(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, part.get(), part.get(), H5P_DEFAULT, values.data()), 0);
}

// All elements through H5Dread, in the type in which the reader gives them.
std::vector<std::byte> read_whole(const DatasetInfo& info) {
  const auto file = h5::open_readonly(info.ref.file);
  const h5::Dataset dataset(H5Dopen2(file.get(), info.ref.path.c_str(), H5P_DEFAULT));
  const h5::Datatype stored(H5Dget_type(dataset.get()));
  const h5::Datatype type(info.dtype.standard ? H5Tcopy(stored.get()) : H5Tget_native_type(stored.get(), H5T_DIR_DEFAULT));
  if (!info.dtype.standard) H5Tset_precision(type.get(), 8 * H5Tget_size(type.get()));
  std::vector<std::byte> elements(static_cast<std::size_t>(num_elements(info.shape).value()) * H5Tget_size(type.get()));
  EXPECT_GE(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()), 0);
  return elements;
}

// The elements of a box, cut out of all.
std::vector<std::byte> cut(const std::vector<std::byte>& whole, const DatasetInfo& info, const Box& box) {
  const auto size = static_cast<std::size_t>(info.dtype.size);
  std::vector<std::byte> result;
  Shape at(box.start.size(), 0);
  for (std::int64_t i = 0; i < box.size(); ++i) {
    std::int64_t rest = i, place = 0;
    for (std::size_t d = at.size(); d-- > 0;) {
      at[d] = box.start[d] + rest % box.count[d];
      rest /= box.count[d];
    }
    for (std::size_t d = 0; d < at.size(); ++d) place = place * info.shape[d] + at[d];
    const std::byte* element = whole.data() + static_cast<std::size_t>(place) * size;
    result.insert(result.end(), element, element + size);
  }
  return result;
}

Box random_box(const DatasetInfo& info, bool whole_chunks) {
  Box box;
  for (std::size_t d = 0; d < info.shape.size(); ++d) {
    const std::int64_t unit = whole_chunks ? info.chunk[d] : 1;
    const std::int64_t units = (info.shape[d] + unit - 1) / unit;
    const std::int64_t first = number(0, units - 1), last = number(first + 1, units);
    box.start.push_back(first * unit);
    box.count.push_back(std::min(info.shape[d], last * unit) - first * unit);
  }
  return box;
}

std::vector<std::shared_ptr<const DatasetInfo>> datasets(const std::string& path) {
  std::vector<std::shared_ptr<const DatasetInfo>> result;
  for (const ObjectInfo& object : scan_file(path).objects) {
    if (object.dataset) result.push_back(object.dataset);
  }
  return result;
}

// The strategy asked for, or nothing where the dataset cannot be read by it.
std::optional<DatasetReader> make_reader(FilePool& files, const std::shared_ptr<const DatasetInfo>& info, IoStrategy strategy) {
  try {
    return DatasetReader(files, info, strategy);
  } catch (const UsageError&) {
    EXPECT_EQ(strategy, IoStrategy::direct);
    return std::nullopt;
  }
}

// In two steps, the second on another thread.
std::vector<std::byte> fetch_and_decode(DatasetReader& reader, const DatasetInfo& info, const Box& box,
                                        const std::vector<Box>& parts) {
  std::vector<std::byte> out(static_cast<std::size_t>(box.size() * info.dtype.size), std::byte{0xAB});
  RawBlock raw;
  reader.fetch(box, parts, reader.decodes() ? std::span<std::byte>{} : std::span(out), raw);
  if (parts.size() == 1) {
    EXPECT_LE(static_cast<std::int64_t>(raw.capacity()), raw_block_bytes(info, box.count, false));
  }
  std::thread([&] { reader.decode(raw, out); }).join();
  return out;
}

// A box in two parts, cut anywhere.
std::vector<Box> halves(const Box& box) {
  if (box.count.empty()) return {box};
  const auto d = static_cast<std::size_t>(number(0, std::ssize(box.count) - 1));
  Box first = box, second = box;
  first.count[d] = number(0, box.count[d]);
  second.start[d] += first.count[d];
  second.count[d] -= first.count[d];
  std::vector<Box> parts{first, second};
  std::erase_if(parts, [](const Box& part) { return part.size() == 0; });
  return parts;
}

}  // namespace

TEST(Reader, EveryBoxByEveryStrategyIsWhatHdf5Reads) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  {
    const auto file = test::create_file(path);
    for (int i = 0; i < 300; ++i) write_random(file.get(), "d" + std::to_string(i));
  }
  FilePool files;
  int direct = 0;
  for (const auto& info : datasets(path)) {
    const auto whole = read_whole(*info);
    for (const IoStrategy strategy : {IoStrategy::automatic, IoStrategy::direct, IoStrategy::hyperslab}) {
      auto reader = make_reader(files, info, strategy);
      if (!reader) continue;
      if (strategy == IoStrategy::direct) ++direct;
      for (int i = 0; i < 12; ++i) {
        const Box box = i == 0 ? Box{Shape(info->shape.size(), 0), info->shape}
                               : random_box(*info, info->layout == Layout::chunked && i % 2 == 0);
        std::vector<std::byte> found(static_cast<std::size_t>(box.size() * info->dtype.size), std::byte{0xAB});
        reader->read(box, found);
        const auto expected = cut(whole, *info, box);
        const std::string what = info->ref.path + " " + info->dtype.name() + " " + format_shape(info->shape) + " in " +
                                 format_shape(info->chunk) + ", " + format_box(box);
        ASSERT_EQ(found, expected) << what;
        ASSERT_EQ(fetch_and_decode(*reader, *info, box, {box}), expected) << what << ", in two steps";
        ASSERT_EQ(fetch_and_decode(*reader, *info, box, halves(box)), expected) << what << ", in parts";
      }
    }
  }
  EXPECT_GT(direct, 150);
}

TEST(Reader, WhatIsStored) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  const std::set<std::vector<hsize_t>> written{{0, 0}, {512, 1024}, {1ULL << 39, 4096}, {(1ULL << 40) - 256, 0}};
  {
    const auto file = test::create_file(path);
    test::create_dataset(file.get(), "contiguous", {10});
    const hsize_t shape[] = {1ULL << 40, 8192}, chunk[] = {256, 512}, small[] = {20, 20}, small_chunk[] = {8, 8};
    const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(properties.get(), 2, chunk);
    const h5::Dataspace space(H5Screate_simple(2, shape, nullptr));
    const h5::Dataset sparse(
        H5Dcreate2(file.get(), "sparse", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    const h5::Dataset none(
        H5Dcreate2(file.get(), "none", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    const hsize_t many[] = {1 << 11, 1 << 10}, single_chunk[] = {1, 1}, few[] = {1000, 1000};
    H5Pset_chunk(properties.get(), 2, single_chunk);
    const h5::Dataspace many_space(H5Screate_simple(2, many, nullptr));
    const h5::Dataset tiny(
        H5Dcreate2(file.get(), "tiny", H5T_IEEE_F32LE, many_space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    H5Pset_chunk(properties.get(), 2, small_chunk);
    const h5::Dataspace small_space(H5Screate_simple(2, small, nullptr));
    const h5::Dataset partial(
        H5Dcreate2(file.get(), "partial", H5T_IEEE_F32LE, small_space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
    const float one = 1;
    const hsize_t single[] = {1, 1};
    const h5::Dataspace memory(H5Screate_simple(2, single, nullptr));
    for (const auto& start : written) {
      H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, single, nullptr);
      H5Dwrite(sparse.get(), H5T_NATIVE_FLOAT, memory.get(), space.get(), H5P_DEFAULT, &one);
    }
    H5Sselect_hyperslab(many_space.get(), H5S_SELECT_SET, few, nullptr, single, nullptr);
    H5Dwrite(tiny.get(), H5T_NATIVE_FLOAT, memory.get(), many_space.get(), H5P_DEFAULT, &one);
    const hsize_t corner[] = {19, 19};
    H5Sselect_hyperslab(small_space.get(), H5S_SELECT_SET, corner, nullptr, single, nullptr);
    H5Dwrite(partial.get(), H5T_NATIVE_FLOAT, memory.get(), small_space.get(), H5P_DEFAULT, &one);
  }
  FilePool files;
  std::map<std::string, StorageSummary> found;
  for (const auto& info : datasets(path)) found[info->ref.path] = DatasetReader(files, info).summarize();
  EXPECT_EQ(found["/contiguous"].stored_bytes, 80);
  EXPECT_EQ(found["/contiguous"].allocated_chunks, 1);
  EXPECT_EQ(found["/none"].stored_bytes, 0);
  EXPECT_EQ(found["/none"].allocated_chunks, 0);
  EXPECT_EQ(found["/partial"].allocated_chunks, 1);
  EXPECT_EQ(found["/partial"].stored_bytes, 8 * 8 * 4);
  EXPECT_TRUE(found["/partial"].sparse_chunks.empty()) << "so few chunks are visited";
  EXPECT_TRUE(found["/partial"].chunk_tree && !found["/contiguous"].chunk_tree) << "the oldest format has B-trees for chunks";
  EXPECT_EQ(found["/tiny"].sparse_chunks, (std::vector<Shape>{{1000, 1000}})) << "two million visits would take seconds";
  EXPECT_EQ(found["/sparse"].allocated_chunks, 4);
  std::vector<Shape> starts;
  for (const auto& start : written) starts.emplace_back(start.begin(), start.end());
  EXPECT_EQ(found["/sparse"].sparse_chunks, starts);
}

TEST(Reader, KeepsFewFilesOpen) {
  const test::TemporaryFolder folder;
  FilePool files(2);
  for (int i = 0; i < 5; ++i) {
    const std::string path = folder.file(std::to_string(i) + ".h5");
    (void)test::create_file(path);
    (void)files.open(path);
    EXPECT_LE(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE), 2);
  }
  const auto newest = files.open(folder.file("4.h5"));
  EXPECT_EQ(files.open(folder.file("4.h5")), newest);
}

TEST(Reader, RefusesADatasetThatChanged) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  { test::create_dataset(test::create_file(path).get(), "x", {4}); }
  const auto info = datasets(path).at(0);
  for (const auto& [name, extent] : {std::pair{"x", 5}, std::pair{"y", 4}}) {
    { test::create_dataset(test::create_file(path).get(), name, {static_cast<hsize_t>(extent)}); }
    FilePool files;
    EXPECT_THROW(DatasetReader(files, info), DataError) << name;
  }
}

namespace {

// Expects DataError from every strategy that reads all elements, and from what is asked before.
void expect_damage(const std::string& path) {
  FilePool files;
  const auto info = datasets(path).at(0);
  for (const IoStrategy strategy : {IoStrategy::direct, IoStrategy::hyperslab}) {
    auto reader = make_reader(files, info, strategy);
    if (!reader) continue;
    std::vector<std::byte> out(static_cast<std::size_t>(num_elements(info->shape).value() * info->dtype.size));
    EXPECT_THROW(reader->read(Box{Shape(info->shape.size(), 0), info->shape}, out), DataError);
    EXPECT_THROW((void)reader->summarize(), DataError);
  }
}

}  // namespace

TEST(Reader, AChunkIndexThatCannotBeReadIsAnErrorAndNotAnEmptyDataset) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  // The first release's index is a B-tree; 1000 chunks make several nodes. Those of groups have a 0 behind their signature.
  for (const bool filtered : {false, true}) {
    {
      const auto file = test::create_file(path);
      const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
      const hsize_t shape[] = {100, 100}, chunk[] = {4, 5};
      H5Pset_chunk(properties.get(), 2, chunk);
      if (filtered) H5Pset_deflate(properties.get(), 1);
      const h5::Dataspace space(H5Screate_simple(2, shape, nullptr));
      const h5::Dataset dataset(
          H5Dcreate2(file.get(), "x", H5T_STD_I32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
      const std::vector<std::int32_t> values(10000, 7);
      H5Dwrite(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    }
    const std::string original = test::read_bytes(path);
    int nodes = 0;
    for (std::size_t at = original.find("TREE"); at != std::string::npos; at = original.find("TREE", at + 1)) {
      if (original[at + 4] != 1) continue;
      ++nodes;
      std::string damaged = original;
      damaged.replace(at, 4, "XXXX");
      test::write_bytes(path, damaged);
      expect_damage(path);
    }
    EXPECT_GT(nodes, 2);
  }
}

TEST(Reader, ElementsBehindAUserBlock) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  {
    const h5::PropertyList creation(H5Pcreate(H5P_FILE_CREATE));
    H5Pset_userblock(creation.get(), 4096);
    const h5::File file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), H5P_DEFAULT));
    test::create_dataset(file.get(), "contiguous", {1000});
    for (const bool filtered : {false, true}) {
      const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
      const hsize_t chunk = 300;
      H5Pset_chunk(properties.get(), 1, &chunk);
      if (filtered) H5Pset_deflate(properties.get(), 1);
      test::create_dataset(file.get(), filtered ? "filtered" : "chunked", {1000}, properties.get());
    }
  }
  FilePool files;
  for (const auto& info : datasets(path)) {
    DatasetReader reader(files, info, IoStrategy::direct);
    EXPECT_EQ(reader.summarize().stored_bytes > 1000, true) << info->ref.path;
    std::vector<double> values(2);
    reader.read(Box{{899}, {2}}, std::as_writable_bytes(std::span(values)));
    EXPECT_EQ(values, (std::vector<double>{899, 900})) << info->ref.path;
  }
}

TEST(Reader, ChunksInEveryKindOfIndex) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  {
    const h5::PropertyList access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const h5::File file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
    const hsize_t one = H5S_UNLIMITED, shape[] = {30, 40};
    // A single chunk, an implicit index, a fixed array, an extensible array, a B-tree.
    const std::vector<std::tuple<std::string, std::vector<hsize_t>, std::vector<hsize_t>, bool>> kinds{
        {"single", {30, 40}, {30, 40}, false},
        {"implicit", {30, 40}, {7, 9}, true},
        {"fixed", {30, 40}, {7, 9}, false},
        {"extensible", {one, 40}, {7, 9}, false},
        {"tree", {one, one}, {7, 9}, false}};
    for (const auto& [name, max_shape, chunk, early] : kinds) {
      for (const bool filtered : {false, true}) {
        const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
        H5Pset_chunk(properties.get(), 2, chunk.data());
        if (early) H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY);
        if (filtered) H5Pset_shuffle(properties.get());
        if (filtered) H5Pset_deflate(properties.get(), 1);
        const h5::Dataspace space(H5Screate_simple(2, shape, max_shape.data()));
        const h5::Dataset dataset(H5Dcreate2(file.get(), (name + (filtered ? "_filtered" : "")).c_str(), H5T_STD_I32LE,
                                             space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
        std::vector<std::int32_t> values(1200);
        std::iota(values.begin(), values.end(), 0);
        ASSERT_GE(H5Dwrite(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
      }
    }
  }
  FilePool files;
  const auto all = datasets(path);
  EXPECT_EQ(all.size(), 10U);
  for (const auto& info : all) {
    std::vector<std::byte> found(4800);
    DatasetReader(files, info, IoStrategy::direct).read(Box{{0, 0}, {30, 40}}, found);
    EXPECT_EQ(found, read_whole(*info)) << info->ref.path;
  }
}

// Rows, small chunks and large ones, so that whatever buffers there are fill up.
TEST(Reader, PartsOfLargeArrays) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  const hsize_t shape[] = {40, 500, 30};
  {
    const auto file = test::create_file(path);
    const std::vector<std::vector<hsize_t>> chunks{{}, {1, 1, 30}, {3, 50, 7}, {40, 500, 30}, {20, 250, 30}};
    std::vector<double> values(600'000);
    std::iota(values.begin(), values.end(), 0.0);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
      if (!chunks[i].empty()) H5Pset_chunk(properties.get(), 3, chunks[i].data());
      const h5::Dataspace space(H5Screate_simple(3, shape, nullptr));
      const h5::Dataset dataset(H5Dcreate2(file.get(), std::to_string(i).c_str(), H5T_IEEE_F64LE, space.get(), H5P_DEFAULT,
                                           properties.get(), H5P_DEFAULT));
      ASSERT_GE(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    }
  }
  FilePool files;
  for (const auto& info : datasets(path)) {
    const auto whole = read_whole(*info);
    DatasetReader reader(files, info, IoStrategy::direct);
    for (const Box& box : {Box{{0, 0, 0}, {40, 500, 30}}, Box{{1, 0, 3}, {30, 500, 1}}, Box{{0, 20, 0}, {40, 470, 30}},
                           Box{{39, 499, 0}, {1, 1, 30}}, Box{{0, 0, 0}, {40, 1, 1}}}) {
      std::vector<std::byte> found(static_cast<std::size_t>(box.size()) * 8);
      reader.read(box, found);
      EXPECT_EQ(found, cut(whole, *info, box)) << info->ref.path << " " << format_box(box);
    }
  }
}

TEST(Reader, ChunksBehindTheEndOfTheFileAreNamed) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  for (const bool filtered : {false, true}) {
    {
      const auto file = test::create_file(path);
      const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
      const hsize_t chunk = 256;
      H5Pset_chunk(properties.get(), 1, &chunk);
      if (filtered) H5Pset_fletcher32(properties.get());
      test::create_dataset(file.get(), "x", {1024}, properties.get());
    }
    const auto info = datasets(path).at(0);
    FilePool files;
    DatasetReader reader(files, info, IoStrategy::direct);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);  // while it is open
    std::vector<std::byte> out(8192);
    try {
      reader.read(Box{{0}, {1024}}, out);
      FAIL() << "no error";
    } catch (const DataError& error) {
      for (const std::string& part : {path, std::string("'/x'"), std::string("chunk (")})
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

TEST(Reader, BitFieldsAndEnumsWithPadding) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  {
    const auto file = test::create_file(path);
    const hsize_t shape[] = {2};
    const h5::Dataspace space(H5Screate_simple(1, shape, nullptr));
    const std::uint8_t stored[] = {0x01, 0x23, 0xff, 0xf0};  // 12 of 16 bits, big-endian, 4 bits up: 0x012, 0xfff
    const auto write = [&](const char* name, hid_t type) {
      const h5::Dataset dataset(H5Dcreate2(file.get(), name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      ASSERT_GE(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored), 0);
    };
    const h5::Datatype bits(H5Tcopy(H5T_STD_B16BE)), base(H5Tcopy(H5T_STD_U16BE));
    for (const hid_t type : {bits.get(), base.get()}) {
      H5Tset_precision(type, 12);
      H5Tset_offset(type, 4);
    }
    const h5::Datatype colours(H5Tenum_create(base.get()));
    H5Tenum_insert(colours.get(), "RED", stored);
    H5Tenum_insert(colours.get(), "BLUE", stored + 2);
    write("bits", bits.get());
    write("enum", colours.get());
  }
  FilePool files;
  for (const auto& info : datasets(path)) {
    EXPECT_EQ(info->dtype.name(), "uint16") << info->ref.path;
    std::vector<std::uint16_t> values(2);
    DatasetReader(files, info).read(Box{{0}, {2}}, std::as_writable_bytes(std::span(values)));
    EXPECT_EQ(values, (std::vector<std::uint16_t>{0x012, 0xfff})) << info->ref.path;
  }
}
