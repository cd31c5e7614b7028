#pragma once

#include <cstdint>

namespace xylem {

/// The resident memory of this process now, in bytes, as the kernel counts it; 0 where it does not tell (/proc/self/statm).
[[nodiscard]] std::int64_t resident_bytes();

}  // namespace xylem
