#include "detail/read_bytes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace xylem {

std::optional<std::size_t> read_bytes_at(int descriptor, std::int64_t address, std::span<std::byte> out) {
  constexpr std::size_t most = std::size_t{1} << 30;  // Linux reads less than 2 GiB at a time
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t wanted = std::min(most, out.size() - done);
    const ssize_t count = pread(descriptor, out.data() + done, wanted, static_cast<off_t>(address) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace xylem
