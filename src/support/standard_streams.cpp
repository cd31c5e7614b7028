#include "xylem/support/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

namespace xylem {

void write_stderr(std::string_view text) noexcept {
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), stderr);
}

void fill_closed_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1) continue;
    // It becomes the lowest number that is free. For reading only, so that writing to it stays an error.
    [[maybe_unused]] const int opened = open("/dev/null", O_RDONLY);
  }
}

}  // namespace xylem
