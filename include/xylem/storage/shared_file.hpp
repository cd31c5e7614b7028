#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace xylem {

/// A file of bytes that several ranks, and threads of each, may write at the same time. Failures throw ResourceError naming the
/// result that it is for and the system's reason.
class SharedFile {
 public:
  /// Which file is opened, and for what.
  enum class Open : std::uint8_t {
    existing,  ///< what one rank has created, to write
    scratch,   ///< created where it is missing, to read and write; keeps what it holds
    nameless,  ///< new, empty, to read and write, and gone when it is closed, whatever happens; `path` is free at once
  };

  /// Opens the file at `path`; errors call it by `name`.
  SharedFile(const std::string& path, std::string name, Open how = Open::existing);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  /// Writes all the bytes from `offset` on. Threads may write at the same time.
  void write(std::span<const std::byte> bytes, std::int64_t offset);
  /// Reads bytes from `offset` on; those that were never written are zeros. Threads may read at the same time.
  void read(std::span<std::byte> bytes, std::int64_t offset) const;
  /// Closes the file, so that other ranks that open it from now on see what was written; `durable`: once it is on the disk.
  void close(bool durable = true);

 private:
  [[noreturn]] void fail(int error) const;

  std::string name_;
  int descriptor_ = -1;
};

}  // namespace xylem
