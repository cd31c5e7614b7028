#include "xylem/support/memory.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>

#include "detail/cgroup.hpp"

namespace xylem {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t mib = std::int64_t{1} << 20;

// A positive number at the start of a text, or `no_limit`: "max" (cgroup v2), 0 (Slurm's word for all memory), nothing.
std::int64_t limit_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && number > 0 ? number : no_limit;
}

std::int64_t cgroup_limits(const std::string& root) {
  std::int64_t limit = no_limit;
  detail::for_each_control_group(root, "memory", [&](const std::string& folder, bool unified) {
    std::ifstream file(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
    if (std::string line; std::getline(file, line)) limit = std::min(limit, limit_in(line));
  });
  return limit;
}

std::int64_t slurm_limit(const std::function<const char*(const char*)>& environment) {
  const auto number = [&](const char* name) {
    const char* text = environment(name);
    return text == nullptr ? no_limit : limit_in(text);
  };
  const auto product = [](std::int64_t a, std::int64_t b) { return a > no_limit / b ? no_limit : a * b; };
  const std::int64_t cpus = number("SLURM_CPUS_ON_NODE");
  const std::int64_t by_cpu = cpus == no_limit ? no_limit : product(number("SLURM_MEM_PER_CPU"), cpus);
  return product(std::min(number("SLURM_MEM_PER_NODE"), by_cpu), mib);
}

}  // namespace

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  return file >> total >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

std::int64_t peak_resident_bytes() {
  std::ifstream file("/proc/self/status");
  constexpr std::string_view name = "VmHWM:";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    line.erase(0, line.find_first_of("0123456789"));
    return limit_in(line) * 1024;
  }
  return 0;
}

// glibc raises its threshold for buffers of their own (mmap) to the size of each that is freed, up to 32 MiB, and from then on
// keeps so much; and it gives each thread an arena, so that HDF5, whom one thread at a time calls, has what is free in one of
// them and takes more in another: https://man7.org/linux/man-pages/man3/mallopt.3.html (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD,
// M_ARENA_MAX).
void give_back_large_buffers() {
#ifdef __GLIBC__
  constexpr int large = 256 << 10;
  mallopt(M_MMAP_THRESHOLD, large);
  mallopt(M_TRIM_THRESHOLD, 4 * large);
  mallopt(M_ARENA_MAX, 2);
#endif
}

void give_back_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::int64_t node_memory_bytes(const std::string& root, const std::function<const char*(const char*)>& environment) {
  const std::int64_t physical = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return std::min({physical, cgroup_limits(root), slurm_limit(environment)});
}

}  // namespace xylem
