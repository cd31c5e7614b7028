#include "xylem/output/demo_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace fs = std::filesystem;

namespace {

// A folder of all ranks, there from construction to the end of the test.
class SharedFolder {
 public:
  SharedFolder() {
    std::string pattern = (fs::temp_directory_path() / "xylem-demo-data-XXXXXX").string();
    if (world().rank() == 0 && mkdtemp(pattern.data()) == nullptr) pattern.clear();
    path_ = world().broadcast(pattern, 0);
  }
  ~SharedFolder() {
    MPI_Barrier(world().handle());
    if (world().rank() == 0) fs::remove_all(path_);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::vector<std::string> names_in(const std::string& folder) {
  MPI_Barrier(world().handle());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  MPI_Barrier(world().handle());
  return names;
}

std::string bytes_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<std::shared_ptr<const DatasetInfo>> datasets_of(const std::string& file) {
  std::vector<std::shared_ptr<const DatasetInfo>> result;
  for (const ObjectInfo& object : scan_file(file).objects)
    if (object.dataset) result.push_back(object.dataset);
  return result;
}

std::vector<std::byte> read_all(const std::shared_ptr<const DatasetInfo>& info) {
  const Box box{Shape(info->shape.size(), 0), info->shape};
  std::vector<std::byte> bytes(static_cast<std::size_t>(box.size()) * static_cast<std::size_t>(info->dtype.size));
  FilePool files;
  DatasetReader(files, info).read(box, bytes);
  return bytes;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_TRUE(error.agreed());
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST(DemoData, SizeIsAboutWhatWasAsked) {
  const SharedFolder folder;
  for (const std::int64_t size : {1LL << 20, 3'456'789LL}) {
    const auto files = write_demo_data(world(), {.directory = folder / std::to_string(size), .size_bytes = size, .files = 3});
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[1], folder / (std::to_string(size) + "/day001.h5"));
    std::int64_t total = 0;
    for (const std::string& file : files)
      for (const auto& info : datasets_of(file)) total += *num_elements(info->shape) * info->dtype.size;
    EXPECT_NEAR(static_cast<double>(total), static_cast<double>(size), 0.05 * static_cast<double>(size));
    EXPECT_EQ(names_in(folder / std::to_string(size)), (std::vector<std::string>{"day000.h5", "day001.h5", "day002.h5"}));
  }
}

TEST(DemoData, TinyAndOddSizes) {
  const SharedFolder folder;
  for (const std::int64_t size : {1, 7, 5000, 99'991}) {
    for (const std::int64_t chunk : {1, 100, 1 << 20}) {
      const DemoDataOptions options{
          .directory = folder / "d", .size_bytes = size, .files = 2, .chunk_bytes = chunk, .overwrite = true};
      for (const std::string& file : write_demo_data(world(), options)) {
        for (const auto& info : datasets_of(file)) {
          EXPECT_GT(*num_elements(info->shape), 0) << info->ref.path;
          if (info->shape.size() > 1) {
            EXPECT_LE(*num_elements(info->chunk) * info->dtype.size, std::max<std::int64_t>(chunk, info->dtype.size));
          }
        }
      }
    }
  }
}

// Neither chunks nor compression nor the other files change an element.
TEST(DemoData, ElementsDependOnTheirPlaceAlone) {
  const SharedFolder folder;
  const auto first = write_demo_data(world(), {.directory = folder / "a", .size_bytes = 400'000, .files = 2});
  const auto second = write_demo_data(
      world(), {.directory = folder / "b", .size_bytes = 600'000, .files = 3, .compress = false, .chunk_bytes = 1234});
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto left = datasets_of(first[i]), right = datasets_of(second[i]);
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t d = 0; d < left.size(); ++d) {
      if (!left[d]->dtype.is_numeric()) continue;
      ASSERT_EQ(left[d]->ref.path, right[d]->ref.path);
      EXPECT_EQ(left[d]->shape, right[d]->shape);
      EXPECT_TRUE(read_all(left[d]) == read_all(right[d])) << left[d]->ref.path;
    }
  }
}

TEST(DemoData, TheSameBytesTwice) {
  const SharedFolder folder;
  const auto first = write_demo_data(world(), {.directory = folder / "a", .size_bytes = 1 << 19});
  const auto second = write_demo_data(world(), {.directory = folder / "b", .size_bytes = 1 << 19});
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(bytes_of(first[i]) == bytes_of(second[i])) << first[i];
}

TEST(DemoData, OneVariableAlone) {
  const SharedFolder folder;
  const auto files = write_demo_data(
      world(), {.directory = folder / "d", .size_bytes = 1 << 20, .files = 1, .compress = false, .single_variable = true});
  std::vector<std::string> paths;
  for (const auto& info : datasets_of(files.at(0))) {
    paths.push_back(info->ref.path);
    EXPECT_TRUE(info->filters.empty());
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"/atm/time", "/atm/y", "/atm/x", "/atm/temperature"}));
}

TEST(DemoData, RefusesToOverwrite) {
  const SharedFolder folder;
  const DemoDataOptions options{.directory = folder / "d", .size_bytes = 10'000, .files = 3};
  const auto files = write_demo_data(world(), options);
  MPI_Barrier(world().handle());
  if (world().rank() == 0) {
    fs::remove(files[0]);
    std::ofstream(files[1]) << "precious";
  }
  MPI_Barrier(world().handle());
  EXPECT_THROW(write_demo_data(world(), options), UsageError);
  EXPECT_NE(message_of([&] { write_demo_data(world(), options); }).find("day001.h5' exists already"), std::string::npos);
  EXPECT_EQ(bytes_of(files[1]), "precious");
  EXPECT_EQ(names_in(folder / "d").size(), 2U);

  DemoDataOptions overwrite = options;
  overwrite.overwrite = true;
  write_demo_data(world(), overwrite);
  EXPECT_EQ(names_in(folder / "d").size(), 3U);
  EXPECT_GT(datasets_of(files[1]).size(), 10U);
}

TEST(DemoData, AFolderThatCannotBe) {
  const SharedFolder folder;
  if (world().rank() == 0) std::ofstream(folder / "file") << "x";
  MPI_Barrier(world().handle());
  for (const std::string& name : {folder / "file", folder / "file/below", std::string("/proc/none")}) {
    const auto write = [&] { write_demo_data(world(), {.directory = name}); };
    EXPECT_THROW(write(), ResourceError);
    EXPECT_NE(message_of(write).find("'" + name + "'"), std::string::npos);
  }
}

// A folder that exists but takes no files: root may write anywhere but in /proc.
TEST(DemoData, AFileThatCannotBeMade) {
  const auto write = [] { write_demo_data(world(), {.directory = "/proc/self/fd", .files = 2}); };
  EXPECT_THROW(write(), ResourceError);
  EXPECT_NE(message_of(write).find("cannot write '/proc/self/fd/day000.h5' ("), std::string::npos);
}

TEST(DemoData, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(write_demo_data(world(), {.directory = "none", .files = 0}), UsageError);
  EXPECT_THROW(write_demo_data(world(), {.directory = "none", .size_bytes = 0}), UsageError);
  EXPECT_THROW(write_demo_data(world(), {.directory = "none", .chunk_bytes = 0}), UsageError);
  EXPECT_THROW(write_demo_data(world(), {.directory = "none", .chunk_bytes = 4LL << 30}), UsageError);
  EXPECT_FALSE(fs::exists("none"));
}
