#include "xylem/support/cpus.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <numeric>

#include "detail/cgroup.hpp"

namespace xylem {

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  // The kernel refuses sets that are too small for the machine.
  for (int most = CPU_SETSIZE; most <= 64 * CPU_SETSIZE && cpus.empty(); most *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(static_cast<std::size_t>(most)),
                                                               [](cpu_set_t* of) { CPU_FREE(of); });
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(most));
    if (!set || sched_getaffinity(0, bytes, set.get()) != 0) continue;
    for (int cpu = 0; cpu < most; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set.get())) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) {
    cpus.resize(static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))));
    std::iota(cpus.begin(), cpus.end(), 0);
  }
  return cpus;
}

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  detail::for_each_control_group(root, "cpu", [&](const std::string& folder, bool unified) {
    double quota = -1, period = 0;  // "max" is no number
    if (unified) {
      std::ifstream(folder + "/cpu.max") >> quota >> period;
    } else {
      std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
      std::ifstream(folder + "/cpu.cfs_period_us") >> period;
    }
    if (quota > 0 && period > 0) least = std::min(least.value_or(quota / period), quota / period);
  });
  return least;
}

std::optional<int> slurm_cpus_per_task(const std::function<const char*(const char*)>& environment) {
  const char* text = environment("SLURM_CPUS_PER_TASK");
  int number = 0;
  if (text == nullptr) return std::nullopt;
  const char* last = text + std::strlen(text);
  const auto [end, error] = std::from_chars(text, last, number);
  return error == std::errc() && end == last && number > 0 ? std::optional(number) : std::nullopt;
}

}  // namespace xylem
