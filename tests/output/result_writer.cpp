// What ResultWriter refuses, and a disk that fills up at any moment: every write fails in its turn, on whichever rank makes it,
// and nothing is left behind. As full_disk.cpp, this program puts its own pwrite before the system's.
#include "xylem/output/result_writer.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "xylem/support/error.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace fs = std::filesystem;

namespace {

constexpr long never = -1;
long writes_left = never;  // of this rank, before the disk is full
bool short_writes = false;

ssize_t limited_pwrite(int fd, const void* data, size_t size, off_t offset) {
  std::error_code error;
  if (fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error).native().find(".part") != std::string::npos) {
    if (writes_left == 0) {
      errno = ENOSPC;
      return -1;
    }
    if (writes_left > 0) --writes_left;
    if (short_writes) size = (size + 1) / 2;
  }
  return syscall(SYS_pwrite64, fd, data, size, offset);
}

}  // namespace

extern "C" {
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) { return limited_pwrite(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) { return limited_pwrite(fd, data, size, offset); }
}

namespace {

class Writer : public testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() / "xylem-results-XXXXXX").string();
    if (world().rank() == 0 && mkdtemp(root_.data()) == nullptr) root_.clear();
    root_ = world().broadcast(root_, 0);
    ASSERT_FALSE(root_.empty());
  }
  void TearDown() override {
    writes_left = never;
    short_writes = false;
    MPI_Barrier(world().handle());
    if (world().rank() == 0) fs::remove_all(root_);
  }

  [[nodiscard]] std::string path(const std::string& name = "out.nc") const { return root_ + "/" + name; }

  // Names in the folder, seen by all ranks at the same time.
  [[nodiscard]] std::vector<std::string> names() const {
    MPI_Barrier(world().handle());
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(root_)) result.push_back(entry.path().filename().string());
    MPI_Barrier(world().handle());
    return result;
  }

  // The rows of variable 0 are dealt to the ranks in turn.
  void write(const std::string& to, const std::vector<ResultVariable>& variables, const ResultFile& file = {}) const {
    ResultWriter writer(world(), to, variables, "test", file);
    for (std::size_t v = 0; v < variables.size(); ++v) {
      const ResultVariable& variable = variables[v];
      const std::vector<std::byte> row(static_cast<std::size_t>(variable.shape[1] * element_size(variable.dtype)));
      world().agree([&] {
        for (std::int64_t i = world().rank(); i < variable.shape[0]; i += world().size())
          writer.write(v, {{i, 0}, {1, variable.shape[1]}}, row);
      });
    }
    writer.commit();
  }

  static std::string error(ErrorKind kind, const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), kind) << failure.what();
      EXPECT_TRUE(failure.agreed());
      return failure.what();
    }
    return "no error";
  }
  [[nodiscard]] std::string refused(const std::vector<ResultVariable>& variables, const ResultFile& file = {}) const {
    return error(ErrorKind::usage, [&] { ResultWriter(world(), path(), variables, "test", file); });
  }

 private:
  std::string root_;
};

using Integers = std::vector<std::int64_t>;

ResultVariable field(const std::string& name, std::int64_t time = 6, std::int64_t x = 50) {
  return {.name = name, .dims = {"time", "x"}, .shape = {time, x}};
}

const ResultFile chunked{.storage = {.chunked = true, .chunk = {4, 20}}};
const ResultFile compressed{.storage = {.chunked = true, .chunk = {4, 20}, .deflate = 5, .threads = 2}};

// Rows that ranks write are pieces of chunks of several rows; chunks of one row come whole.
TEST_F(Writer, LeavesNothingOnAFullDisk) {
  ResultFile rows = compressed;
  rows.storage.chunk = {1, 50};
  const std::vector<ResultVariable> variables{field("a"), field("b")};
  for (const ResultFile& file : {ResultFile{}, chunked, compressed, rows}) {
    long failures = 0;
    for (bool complete = false; !complete; ++failures) {
      ASSERT_LT(failures, 1000);
      // Each rank in its turn is the one whose disk fills up.
      writes_left = failures / world().size();
      if (failures % world().size() != world().rank()) writes_left = never;
      const std::string message = error(ErrorKind::resource, [&] { write(path(), variables, file); });
      complete = message == "no error" && failures % world().size() == 0;  // rank 0 writes most
      if (message == "no error") {
        EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
        MPI_Barrier(world().handle());
        if (world().rank() == 0) fs::remove(path());
      } else {
        EXPECT_EQ(message, "cannot write '" + path() + "' (No space left on device); nothing of it is kept");
        EXPECT_TRUE(names().empty());
      }
      writes_left = never;
    }
    EXPECT_GT(failures, 5);
  }
}

TEST_F(Writer, AppendingLeavesTheFileOnAFullDisk) {
  const auto bytes = [&] {
    MPI_Barrier(world().handle());
    std::ifstream file(path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  write(path(), {field("a")});
  const std::string before = bytes();
  ResultFile append = compressed;
  append.existing = Existing::append;
  long failures = 0;
  for (bool complete = false; !complete; ++failures) {
    ASSERT_LT(failures, 1000);
    writes_left = world().rank() == 0 ? failures : never;
    complete = error(ErrorKind::resource, [&] { write(path(), {field("b")}, append); }) == "no error";
    writes_left = never;
    EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
    EXPECT_EQ(bytes() == before, !complete);
  }
  EXPECT_GT(failures, 5);
}

TEST_F(Writer, GoesOnAfterShortWrites) {
  const auto bytes = [&](const std::string& name) {
    MPI_Barrier(world().handle());
    std::ifstream file(path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto write_numbers = [&](const std::string& name) {
    ResultWriter writer(world(), path(name), {{.name = "n", .dims = {"x"}, .shape = {1000}, .dtype = ElementType::int64}},
                        "test");
    Integers numbers(1000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i * i);
    if (world().rank() == world().size() - 1) writer.write(0, {{0}, {1000}}, std::as_bytes(std::span(numbers)));
    writer.commit();
  };
  write_numbers("whole");
  short_writes = true;
  write_numbers("halves");
  EXPECT_EQ(bytes("whole"), bytes("halves"));
  EXPECT_GT(bytes("whole").size(), 8000U);
}

TEST_F(Writer, KeepsAnOlderFileUntilTheNewOneIsComplete) {
  const ResultFile overwrite{.existing = Existing::overwrite};
  if (world().rank() == 0) std::ofstream(path()) << "old";
  MPI_Barrier(world().handle());
  {
    ResultWriter given_up(world(), path(), {field("a")}, "test", overwrite);
    EXPECT_EQ(names().size(), 2U);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
  EXPECT_EQ(fs::file_size(path()), 3U);
  EXPECT_EQ(refused({field("a")}),
            "'" + path() + "' exists already; overwrite it or append to it (--overwrite, --append), or name another file");
  EXPECT_EQ(fs::file_size(path()), 3U);
  write(path(), {field("a")}, overwrite);
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
  EXPECT_GT(fs::file_size(path()), 2000U);
}

TEST_F(Writer, WantsEveryElementOnce) {
  const auto partly = [&](std::int64_t times) {
    ResultWriter writer(world(), path(), {{.name = "a", .dims = {"x"}, .shape = {4}, .dtype = ElementType::int8}}, "test",
                        {.storage = {.chunked = true, .chunk = {2}, .deflate = 1}});
    const std::vector<std::byte> three(3);
    if (world().rank() == 0) {
      for (std::int64_t i = 0; i < times; ++i) writer.write(0, {{0}, {3}}, three);
    }
    writer.commit();
  };
  for (const std::int64_t times : {0, 1, 2}) EXPECT_NE(error(ErrorKind::internal, [&] { partly(times); }), "no error");
  EXPECT_TRUE(names().empty());
}

TEST_F(Writer, NamesWhatCannotBeWritten) {
  const auto failure = [&](const std::string& to) {
    return error(ErrorKind::resource, [&] { ResultWriter(world(), to, {field("a")}, "test"); });
  };
  const std::string folder = path("folder");
  if (world().rank() == 0) fs::create_directory(folder);
  MPI_Barrier(world().handle());
  EXPECT_EQ(failure(folder), "cannot write '" + folder + "' (it is the name of a folder); name a file");
  EXPECT_EQ(failure(folder + "/"), "cannot write '" + folder + "/' (it is the name of a folder); name a file");
  EXPECT_EQ(failure(path("gone/out.nc")),
            "cannot write '" + path("gone/out.nc") + "' (No such file or directory); nothing of it is kept");
  EXPECT_EQ(names(), std::vector<std::string>{"folder"});
}

TEST_F(Writer, RefusesWhatDoesNotGoTogether) {
  EXPECT_EQ(refused({field("a"), field("b", 7)}),
            "the results 'a' and 'b' cannot be in one file (their dims 'time' have 6 and 7 elements); choose as many with sel or "
            "isel, or write two files");
  ResultVariable a = field("a", 2), b = field("b", 2);
  a.coords.push_back({"time", {"time"}, Integers{0, 1}, {}});
  b.coords.push_back({"time", {"time"}, std::vector<double>{0, 1.5}, {}});
  EXPECT_EQ(refused({a, b}),
            "the results 'a' and 'b' cannot be in one file (their coords 'time' differ first at index 1: 1 and 1.5); choose the "
            "same with sel or isel, or write two files");
  EXPECT_EQ(refused({a, field("a", 2)}), "there are two results 'a'; give each a name of its own");
  EXPECT_EQ(refused({field("a"), field("x")}),
            "the result 'x' has the name of a dim of 'a', which a file cannot hold; choose another name");
  a.coords.push_back({"level", {}, Integers{1}, {}});
  EXPECT_EQ(refused({field("level", 2), a}),
            "the result 'level' has the name of a coord of 'a', which a file cannot hold; choose another name");
  for (const std::string name : {"a/b", "", "a ", ".", "-a", "a\n", "\xff"})
    EXPECT_NE(refused({field(name)}).find("cannot be written under this name"), std::string::npos) << name;
  EXPECT_TRUE(names().empty());
}

TEST_F(Writer, RefusesWhatDoesNotGoIntoTheFile) {
  const ResultFile append{.existing = Existing::append};
  ResultVariable a = field("a");
  a.coords.push_back({"time", {"time"}, Integers{0, 1, 2, 3, 4, 5}, {}});
  a.coords.push_back({"level", {}, Integers{1}, {}});
  write(path(), {a}, append);
  const std::string to = "' cannot be added to '" + path() + "' (";
  EXPECT_EQ(refused({a}, append),
            "the result 'a" + to + "there is one of this name already); choose another name, or write another file");
  EXPECT_EQ(refused({field("b", 7)}, append),
            "the result 'b" + to +
                "its dim 'time' has 7 elements, and 6 there); choose as many with sel or isel, or write another file");
  ResultVariable b = field("b");
  b.coords.push_back({"time", {"time"}, Integers{0, 1, 2, 3, 9, 5}, {}});
  EXPECT_EQ(refused({b}, append),
            "the result 'b" + to +
                "its coord 'time' differs first at index 4: 9, and 4 there); choose the same with sel or isel, "
                "or write another file");
  b.dims = {"a", "x"};
  b.coords.clear();
  EXPECT_EQ(refused({b}, append), "the result 'b" + to + "its dim 'a' is called as something else there); choose another name");
  EXPECT_EQ(refused({field("level")}, append).substr(0, 18), "the result 'level'");
  if (world().rank() == 0) std::ofstream(path()) << "no HDF5";
  MPI_Barrier(world().handle());
  EXPECT_NE(error(ErrorKind::data, [&] { ResultWriter(world(), path(), {field("c")}, "test", append); }), "no error");
  EXPECT_EQ(fs::file_size(path()), 7U);
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
}

TEST_F(Writer, ChunksFitTheirResults) {
  const auto chunk = [](ResultVariable variable, ResultStorage storage) {
    storage.chunked = true;
    return result_chunk(variable, storage, 0);
  };
  EXPECT_EQ(result_chunk(field("a"), {}, 0), Shape{});
  EXPECT_EQ(chunk({.name = "s"}, {}), Shape{});
  EXPECT_EQ(chunk(field("a", 0), {}), Shape{});
  EXPECT_EQ(chunk(field("a"), {}), (Shape{6, 50}));
  EXPECT_EQ(chunk(field("a", 1000, 1000), {}), (Shape{131, 1000}));
  EXPECT_EQ(chunk(field("a", 10, 1'000'000), {}), (Shape{1, 131'072}));
  EXPECT_EQ(chunk(field("a"), {.chunk = {4, 100}}), (Shape{4, 50}));
  EXPECT_EQ(chunk(field("a"), {.chunk = {4}}), (Shape{6, 50}));
  EXPECT_EQ(chunk(field("a", 1000, 1000), {.stored = {{100, 100}}}), (Shape{100, 100}));
  EXPECT_EQ(chunk(field("a", 1000, 1000), {.stored = {{10, 100}}}), (Shape{131, 1000}));
  EXPECT_EQ(chunk(field("a", 1000, 1000), {.stored = {{1000, 1000}}}), (Shape{131, 1000}));
  const auto refuse = [&](const Shape& shape) {
    return error(ErrorKind::usage, [&] { world().agree([&] { (void)chunk(field("a", 1 << 20, 1 << 20), {.chunk = shape}); }); });
  };
  EXPECT_NE(refuse({1 << 16, 1 << 16}).find("take 4 GiB or more"), std::string::npos);
  EXPECT_NE(refuse({1 << 20, 1 << 20}).find("take 4 GiB or more"), std::string::npos);
  EXPECT_NE(refuse({0, 5}).find("below 1"), std::string::npos);
}

TEST_F(Writer, AScalarCoordCalledAsADimIsLeftOut) {
  ResultVariable mean{.name = "mean"};
  mean.coords.push_back({"time", {}, Integers{3}, {}});
  ResultWriter writer(world(), path(), {field("a", 0), mean}, "test");
  const double value = 2;
  if (world().rank() == 0) writer.write(1, {}, std::as_bytes(std::span(&value, 1)));
  writer.commit();
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
}

// HDF5 refuses attributes of 64 KiB and more.
TEST_F(Writer, CutsLongTexts) {
  std::string text;
  while (text.size() < 200'000) text += "süß ";
  ResultWriter(world(), path(), {}, text, {.provenance = {{"xylem_job", text}}}).commit();
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
  EXPECT_GT(fs::file_size(path()), 120'000U);
  EXPECT_LT(fs::file_size(path()), 140'000U);
}

TEST_F(Writer, WritesAFileOfNothing) {
  ResultWriter(world(), path(), {}, "test").commit();
  EXPECT_EQ(names(), std::vector<std::string>{"out.nc"});
}

}  // namespace
