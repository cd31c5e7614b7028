#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xylem::logging {

/// Messages go to standard error, a line each, behind "xylem: ". A program under MPI lets one rank speak: the runtime
/// (comm/runtime.hpp) enables rank 0 only.
void set_enabled(bool enabled) noexcept;

/// Lines of `info` are printed only where verbose is set; those of `note` and `warning` always.
void set_verbose(bool verbose) noexcept;

/// The warnings of this process so far, printed or not; of a thousand and more the first thousand.
[[nodiscard]] std::vector<std::string> warnings();

void write_info(std::string_view text);
void write_note(std::string_view text);
void write_warning(std::string_view text);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write_info(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  write_note(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write_warning(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace xylem::logging
