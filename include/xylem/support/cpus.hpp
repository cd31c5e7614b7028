#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace xylem {

/// The CPUs that this process may run on, by number (sched_getaffinity).
[[nodiscard]] std::vector<int> allowed_cpus();

/// How many CPUs' time the process's control group and those around it may use, all processes in them together; nothing where
/// none of them has a quota. `root` is the folder that /proc and /sys are in.
/// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max), scheduler/sched-bwc.html (cpu.cfs_quota_us).
[[nodiscard]] std::optional<double> cpu_quota(const std::string& root = "/");

/// The CPUs that Slurm gives each task (SLURM_CPUS_PER_TASK), if it says. `environment` gives the value of a variable, or null.
[[nodiscard]] std::optional<int> slurm_cpus_per_task(const std::function<const char*(const char*)>& environment =
                                                         [](const char* name) { return std::getenv(name); });

}  // namespace xylem
