#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xylem {

/// Reads a byte size such as "128MiB", "1.5 GB", "4096" or "2g". KiB, MiB, GiB, TiB, PiB and the short forms k, m, g, t, p count
/// by 1024; KB, MB, GB, TB, PB by 1000. Throws UsageError, naming `what` (an option, say), when the text is not a size of at
/// least one byte or does not fit in 63 bits.
std::int64_t parse_bytes(std::string_view text, std::string_view what);

/// "0 B", "512 B", "1.5 KiB", "2.0 GiB", ...: for people.
std::string format_bytes(std::int64_t bytes);

}  // namespace xylem
