#include "xylem/support/memory.hpp"

#include <unistd.h>

#include <fstream>

namespace xylem {

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  return file >> total >> resident ? resident * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace xylem
