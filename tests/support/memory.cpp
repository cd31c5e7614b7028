#include "xylem/support/memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

using namespace xylem;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

class NodeMemory : public testing::Test {
 protected:
  NodeMemory() {
    std::string name = (fs::temp_directory_path() / "xylem-memory-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~NodeMemory() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ + path).substr(0, (root_ + path).rfind('/')));
    std::ofstream(root_ + path) << text << '\n';
  }

  [[nodiscard]] std::int64_t bytes() const {
    return node_memory_bytes(root_, [this](const char* name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    });
  }

  std::string root_;
  std::map<std::string, std::string> environment_;
  std::int64_t physical_ = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
};

}  // namespace

TEST_F(NodeMemory, PhysicalWhereNothingLimits) {
  EXPECT_EQ(bytes(), physical_);
  write("/proc/self/cgroup", "0::/job/step");
  write("/sys/fs/cgroup/job/step/memory.max", "max");
  environment_ = {{"SLURM_MEM_PER_NODE", "0"}, {"SLURM_CPUS_ON_NODE", "8"}};
  EXPECT_EQ(bytes(), physical_);
}

TEST_F(NodeMemory, TheLeastOfAControlGroupAndThoseAroundIt) {
  write("/proc/self/cgroup", "0::/slurm/job/step");
  write("/sys/fs/cgroup/slurm/job/step/memory.max", "max");
  write("/sys/fs/cgroup/slurm/job/memory.max", "67108864");
  write("/sys/fs/cgroup/slurm/memory.max", "134217728");
  EXPECT_EQ(bytes(), 64 * mib);
  write("/sys/fs/cgroup/slurm/memory.max", "33554432");
  EXPECT_EQ(bytes(), 32 * mib);
}

TEST_F(NodeMemory, VersionOneOfControlGroups) {
  write("/proc/self/cgroup", "9:name=systemd:/\n5:devices:/other\n4:cpu,memory:/job/7\n0::/");
  write("/sys/fs/cgroup/memory/other/memory.limit_in_bytes", "1048576");
  write("/sys/fs/cgroup/memory/job/7/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(bytes(), physical_);
  write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "50331648");
  EXPECT_EQ(bytes(), 48 * mib);
}

TEST_F(NodeMemory, AContainerSeesItsGroupAsTheRoot) {
  write("/proc/self/cgroup", "0::/of/the/host");
  write("/sys/fs/cgroup/memory.max", "16777216");
  EXPECT_EQ(bytes(), 16 * mib);
}

TEST_F(NodeMemory, SlurmGivesMebibytesByNodeOrByProcessor) {
  environment_ = {{"SLURM_MEM_PER_NODE", "100"}};
  EXPECT_EQ(bytes(), 100 * mib);
  environment_ = {{"SLURM_MEM_PER_CPU", "10"}, {"SLURM_CPUS_ON_NODE", "7"}};
  EXPECT_EQ(bytes(), 70 * mib);
  environment_ = {{"SLURM_MEM_PER_CPU", "10"}};
  EXPECT_EQ(bytes(), physical_);
  environment_ = {{"SLURM_MEM_PER_CPU", "9223372036854775807"}, {"SLURM_CPUS_ON_NODE", "7"}};
  EXPECT_EQ(bytes(), physical_);
}

TEST_F(NodeMemory, TheLeastOfAll) {
  write("/proc/self/cgroup", "0::/");
  write("/sys/fs/cgroup/memory.max", "67108864");
  environment_ = {{"SLURM_MEM_PER_NODE", "100"}};
  EXPECT_EQ(bytes(), 64 * mib);
  environment_ = {{"SLURM_MEM_PER_NODE", "60"}};
  EXPECT_EQ(bytes(), 60 * mib);
}

TEST(ResidentMemory, GrowsWithWhatIsTouched) {
  const std::int64_t before = resident_bytes(), size = 64 * mib;
  std::vector<char> memory(static_cast<std::size_t>(size));
  for (volatile char& byte : memory) byte = 'x';  // a compiler may leave out memory that nobody looks at
  EXPECT_GE(resident_bytes(), before + size / 2);
}
