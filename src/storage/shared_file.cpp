#include "xylem/storage/shared_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem {

SharedFile::SharedFile(const std::string& path, std::string name) : name_(std::move(name)) {
  descriptor_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail(errno);
}

SharedFile::~SharedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SharedFile::fail(int error) const {
  throw ResourceError("cannot write '{}' ({}); nothing of it is kept", printable(name_), std::strerror(error));
}

void SharedFile::write(std::span<const std::byte> bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(count < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += count;
  }
}

void SharedFile::close() {
  // Some file systems tell only now that there is no space.
  if (fsync(descriptor_) != 0) fail(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
}

}  // namespace xylem
