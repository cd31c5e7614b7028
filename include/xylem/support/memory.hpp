#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

namespace xylem {

/// The resident memory of this process now, in bytes, as the kernel counts it; 0 where it does not tell (/proc/self/statm).
[[nodiscard]] std::int64_t resident_bytes();

/// The most resident memory that this process has had, in bytes; 0 where the kernel does not tell (/proc/self/status).
[[nodiscard]] std::int64_t peak_resident_bytes();

/// Makes the C library give large buffers back to the system as soon as they are freed, instead of learning to keep them, and
/// have threads share what is free: what a process takes is then what it holds. For the whole process, and for what is allocated
/// from now on.
void give_back_large_buffers();

/// Gives what is free between the small allocations back to the system.
void give_back_free_memory();

/// The memory in bytes that this job may use on this node: the least of the physical memory, what the process's control group and
/// all those around it may use, and what Slurm gave the job. `root` is the folder that /proc and /sys are in; `environment`
/// gives the value of a variable, or null.
/// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max), cgroup-v1/memory.html (memory.limit_in_bytes);
/// https://slurm.schedmd.com/sbatch.html (SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU in MiB, SLURM_CPUS_ON_NODE).
[[nodiscard]] std::int64_t node_memory_bytes(
    const std::string& root = "/",
    const std::function<const char*(const char*)>& environment = [](const char* name) { return std::getenv(name); });

}  // namespace xylem
