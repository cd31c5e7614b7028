// What the programs share: a sum at memory speed, and reading bytes at places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// The sum, in double lanes: vector code for the processor it runs on.
double sum(const float* values, std::size_t count);

/// A piece of a file: a stored chunk.
struct Extent {
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

/// The pieces named in a text file, a line each: offset and size.
std::vector<Extent> read_extents(const std::string& path);

/// A file that is open to read.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] std::int64_t size() const;
  void read(std::int64_t offset, std::span<std::byte> out) const;

 private:
  std::string path_;
  int file_;
};

}  // namespace bench
