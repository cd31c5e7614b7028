#include "xylem/storage/collective_reader.hpp"

#include <gtest/gtest.h>

#include <random>

#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "files.hpp"
#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace {

constexpr hsize_t rows = 60, columns = 35;

// A folder of rank 0, for all.
class SharedFolder {
 public:
  SharedFolder() {
    if (world().rank() == 0) own_.emplace();
    file_ = world().broadcast(own_ ? own_->file("file.h5") : "", 0);
  }
  ~SharedFolder() {
    world().agree([] {});
  }  // nobody needs it any more
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::optional<test::TemporaryFolder> own_;
  std::string file_;
};

// Contiguous, chunked and filtered datasets, the last of each never written.
void write(const std::string& path) {
  const auto file = test::create_file(path);
  for (const std::string kind : {"contiguous", "chunked", "filtered", "checked"}) {
    const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
    const hsize_t chunk[] = {7, 6}, shape[] = {rows, columns};
    const double fill = -3;
    H5Pset_fill_value(properties.get(), H5T_NATIVE_DOUBLE, &fill);
    if (kind != "contiguous") H5Pset_chunk(properties.get(), 2, chunk);
    if (kind == "checked") H5Pset_fletcher32(properties.get());
    if (kind == "filtered") H5Pset_shuffle(properties.get());
    if (kind == "filtered") H5Pset_deflate(properties.get(), 2);
    (void)test::create_dataset(file.get(), kind, {rows, columns}, properties.get());
    const h5::Dataspace space(H5Screate_simple(2, shape, nullptr));
    const h5::Dataset empty(H5Dcreate2(file.get(), (kind + "_empty").c_str(), H5T_IEEE_F64LE, space.get(), H5P_DEFAULT,
                                       properties.get(), H5P_DEFAULT));
    EXPECT_TRUE(empty);
  }
}

std::vector<std::shared_ptr<const DatasetInfo>> datasets(const std::string& path) {
  std::vector<std::shared_ptr<const DatasetInfo>> result;
  for (const ObjectInfo& object : scan_file(path).objects) {
    if (object.dataset) result.push_back(object.dataset);
  }
  return result;
}

}  // namespace

TEST(CollectiveReader, EachRankGetsItsBox) {
  const SharedFolder folder;
  world().agree([&] {
    if (world().rank() == 0) write(folder.file());
  });
  std::mt19937_64 engine(static_cast<std::uint64_t>(world().rank()));
  const auto number = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine);
  };
  FilePool files, others;
  const auto all = datasets(folder.file());
  EXPECT_EQ(all.size(), 8U);
  for (const auto& info : all) {
    CollectiveReader reader(world(), files, info);
    DatasetReader reference(others, info, IoStrategy::hyperslab);
    for (int i = 0; i < 20; ++i) {
      Box box;
      for (const std::int64_t extent : info->shape) {
        box.start.push_back(i == 0 ? 0 : number(0, extent - 1));
        box.count.push_back(i == 0 ? extent : number(0, extent - box.start.back()));  // none at times
      }
      std::vector<std::byte> found(static_cast<std::size_t>(box.size()) * 8), expected(found.size());
      reader.read(box, found);
      reference.read(box, expected);
      EXPECT_EQ(found, expected) << info->ref.path << " " << format_box(box);
    }
  }
}

TEST(CollectiveReader, RoundsWhereRanksWantMuchOfTheSame) {
  const SharedFolder folder;
  constexpr std::int64_t elements = 2'500'000;  // two rounds
  world().agree([&] {
    if (world().rank() == 0) (void)test::create_dataset(test::create_file(folder.file()).get(), "x", {elements});
  });
  FilePool files;
  CollectiveReader reader(world(), files, datasets(folder.file()).at(0));
  const std::int64_t skipped = 1000 * world().rank();
  std::vector<double> found(static_cast<std::size_t>(elements - skipped));
  reader.read({{skipped}, {elements - skipped}}, std::as_writable_bytes(std::span(found)));
  bool right = true;
  for (std::size_t i = 0; i < found.size(); ++i)
    right = right && found[i] == static_cast<double>(i) + static_cast<double>(skipped);
  EXPECT_TRUE(right);
}

TEST(CollectiveReader, OneRanksFailureIsThatOfAll) {
  const SharedFolder folder;
  world().agree([&] {
    if (world().rank() != 0) return;
    write(folder.file());
    // Chunk (8, 5) holds the last elements; its checksum no longer fits.
    std::string bytes = test::read_bytes(folder.file());
    const double last = rows * columns - 1;
    const std::string pattern(reinterpret_cast<const char*>(&last), sizeof last);
    for (std::size_t at = bytes.find(pattern); at != std::string::npos; at = bytes.find(pattern, at + 1)) bytes[at] ^= 1;
    test::write_bytes(folder.file(), bytes);
  });
  FilePool files;
  for (const auto& info : datasets(folder.file())) {
    if (info->ref.path != "/checked") continue;
    CollectiveReader reader(world(), files, info);
    const bool mine = world().rank() == world().size() - 1;
    const Box good{{0, 0}, {20, 20}}, bad{{50, 30}, {10, 5}};
    for (int round = 0; round < 3; ++round) {
      std::vector<std::byte> out(static_cast<std::size_t>((mine ? bad : good).size()) * 8);
      try {
        reader.read(mine ? bad : good, out);
        ADD_FAILURE() << "no error";
      } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find("chunk (8, 5)"), std::string::npos) << error.what();
      }
      out.resize(static_cast<std::size_t>(good.size()) * 8);
      reader.read(good, out);  // and all go on
    }
  }
}

TEST(CollectiveReader, WhatCannotBeReadDirectlyIsRefused) {
  const SharedFolder folder;
  world().agree([&] {
    if (world().rank() == 0) (void)test::create_dataset(test::create_file(folder.file()).get(), "x", {4});
  });
  FilePool files;
  auto changed = std::make_shared<DatasetInfo>(*datasets(folder.file()).at(0));
  changed->shape = {5};
  // On one rank alone.
  const std::shared_ptr<const DatasetInfo> info =
      world().rank() == 0 ? changed : std::make_shared<const DatasetInfo>(*datasets(folder.file()).at(0));
  EXPECT_THROW(CollectiveReader(world(), files, info), DataError);
}
