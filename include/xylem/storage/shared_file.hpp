#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace xylem {

/// A file that one rank has created, open on another to write bytes at their places. Failures throw ResourceError naming the
/// file and the system's reason.
class SharedFile {
 public:
  /// Opens the file at `path`; errors call it by `name`.
  SharedFile(const std::string& path, std::string name);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  /// Writes all the bytes from `offset` on. Threads may write at the same time.
  void write(std::span<const std::byte> bytes, std::int64_t offset);
  /// Waits until all that was written is on the disk, and closes the file.
  void close();

 private:
  [[noreturn]] void fail(int error) const;

  std::string name_;
  int descriptor_ = -1;
};

}  // namespace xylem
