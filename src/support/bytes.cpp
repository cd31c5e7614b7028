#include "xylem/support/bytes.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "xylem/support/error.hpp"

namespace xylem {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 17> units{{{"", 1},
                                                                     {"b", 1},
                                                                     {"k", 0x1p10},
                                                                     {"kib", 0x1p10},
                                                                     {"kb", 1e3},
                                                                     {"m", 0x1p20},
                                                                     {"mib", 0x1p20},
                                                                     {"mb", 1e6},
                                                                     {"g", 0x1p30},
                                                                     {"gib", 0x1p30},
                                                                     {"gb", 1e9},
                                                                     {"t", 0x1p40},
                                                                     {"tib", 0x1p40},
                                                                     {"tb", 1e12},
                                                                     {"p", 0x1p50},
                                                                     {"pib", 0x1p50},
                                                                     {"pb", 1e15}}};

}  // namespace

std::int64_t parse_bytes(std::string_view text, std::string_view what) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c) {
    if (*c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  if (failure == std::errc{}) {
    for (const auto& [name, factor] : units) {
      if (unit != name) continue;
      const double bytes = std::floor(number * factor);
      if (!(bytes >= 1 && bytes < 0x1p63)) break;
      return static_cast<std::int64_t>(bytes);
    }
  }
  throw UsageError("{}: '{}' is not a size in bytes; write for example 128MiB, 4GiB or 500MB", what, text);
}

std::string format_bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> names{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < names.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, names[unit]);
}

}  // namespace xylem
