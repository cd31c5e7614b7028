// A disk that fills up at any moment: every write that HDF5 makes fails in its turn, and no half-written file stays. This program
// puts its own pwrite before the system's, which needs neither a small file system nor privileges.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "xylem/output/demo_data.hpp"
#include "xylem/support/error.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace fs = std::filesystem;

namespace {

constexpr long never = -1;
long writes_left = never;  // before the disk is full

bool is_output(int fd) {
  std::error_code error;
  const fs::path target = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  return target.extension() == ".part";
}

ssize_t limited_pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (writes_left != never && is_output(fd)) {
    if (writes_left == 0) {
      errno = ENOSPC;
      return -1;
    }
    --writes_left;
  }
  return syscall(SYS_pwrite64, fd, data, size, offset);
}

}  // namespace

extern "C" {
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) { return limited_pwrite(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) { return limited_pwrite(fd, data, size, offset); }
}

TEST(FullDisk, LeavesNoHalfFile) {
  std::string root = (fs::temp_directory_path() / "xylem-full-disk-XXXXXX").string();
  if (world().rank() == 0 && mkdtemp(root.data()) == nullptr) FAIL() << "no temporary folder";
  root = world().broadcast(root, 0);
  // One file, written by rank 0; chunks large enough that elements and metadata are written apart.
  const DemoDataOptions options{.directory = root, .size_bytes = 200'000, .files = 1, .chunk_bytes = 10'000, .overwrite = true};
  long failures = 0;
  for (bool complete = false; !complete; ++failures) {
    ASSERT_LT(failures, 10'000);
    writes_left = failures;
    try {
      write_demo_data(world(), options);
      complete = true;
    } catch (const ResourceError& error) {
      EXPECT_EQ(std::string(error.what()),
                "cannot write '" + root + "/day000.h5' (No space left on device); nothing of it is kept");
      EXPECT_TRUE(fs::is_empty(root));
    }
    writes_left = never;
    MPI_Barrier(world().handle());
  }
  EXPECT_GT(failures, 20);
  EXPECT_TRUE(fs::exists(root + "/day000.h5"));
  MPI_Barrier(world().handle());
  if (world().rank() == 0) fs::remove_all(root);
}
