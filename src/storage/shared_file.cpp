#include "xylem/storage/shared_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem {

SharedFile::SharedFile(const std::string& path, std::string name, Open how) : name_(std::move(name)) {
  const int flags = how == Open::existing ? O_WRONLY : how == Open::scratch ? O_RDWR | O_CREAT : O_RDWR | O_CREAT | O_TRUNC;
  descriptor_ = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail(errno);
  if (how == Open::nameless && unlink(path.c_str()) != 0) fail(errno);
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

void SharedFile::read(std::span<std::byte> bytes, std::int64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t count = pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    if (count == 0) {
      std::memset(bytes.data(), 0, bytes.size());
      return;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += count;
  }
}

void SharedFile::close(bool durable) {
  // Some file systems tell only now that there is no space.
  if (durable && fsync(descriptor_) != 0) fail(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
}

}  // namespace xylem
