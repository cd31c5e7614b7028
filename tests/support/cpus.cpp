#include "xylem/support/cpus.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace xylem;
namespace fs = std::filesystem;

namespace {

class CpuQuota : public testing::Test {
 protected:
  CpuQuota() {
    std::string name = (fs::temp_directory_path() / "xylem-cpus-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~CpuQuota() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << '\n';
  }

  std::string root_;
};

}  // namespace

TEST(Cpus, AreThoseOfTheMask) {
  const std::vector<int> all = allowed_cpus();
  ASSERT_FALSE(all.empty());
  EXPECT_TRUE(std::ranges::is_sorted(all));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(all.back()), &one);
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(allowed_cpus(), std::vector<int>{all.back()});
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(allowed_cpus(), all);
}

TEST(Cpus, OfATaskAsSlurmSays) {
  const auto with = [](const char* value) {
    return slurm_cpus_per_task(
        [value](const char* name) { return std::string(name) == "SLURM_CPUS_PER_TASK" ? value : nullptr; });
  };
  EXPECT_EQ(with(nullptr), std::nullopt);
  EXPECT_EQ(with("8"), 8);
  for (const char* nonsense : {"", "0", "-1", "many", "8x"}) EXPECT_EQ(with(nonsense), std::nullopt) << nonsense;
}

TEST_F(CpuQuota, NoneWhereNoGroupHasOne) {
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  write("/proc/self/cgroup", "0::/job");
  write("/sys/fs/cgroup/job/cpu.max", "max 100000");
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
}

TEST_F(CpuQuota, TheLeastOfAControlGroupAndThoseAroundIt) {
  write("/proc/self/cgroup", "0::/job/step");
  write("/sys/fs/cgroup/job/step/cpu.max", "max 100000");
  write("/sys/fs/cgroup/job/cpu.max", "250000 100000");
  EXPECT_EQ(cpu_quota(root_), 2.5);
}

TEST_F(CpuQuota, OfTheFirstVersion) {
  write("/proc/self/cgroup", "4:cpu,cpuacct:/box\n0::/");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "400000");
  EXPECT_EQ(cpu_quota(root_), 4.0);
}
