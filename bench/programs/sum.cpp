#include "sum.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "xylem/support/error.hpp"
#include "xylem/support/multiversion.hpp"

namespace bench {

XYLEM_MULTIVERSION double sum(const float* values, std::size_t count) {
  constexpr std::size_t lanes = 32;  // independent chains of additions, so that none waits for the one before
  double parts[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) parts[k] += static_cast<double>(values[i + k]);
  }
  for (; i < count; ++i) parts[0] += static_cast<double>(values[i]);
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

std::vector<Extent> read_extents(const std::string& path) {
  std::ifstream file(path);
  std::vector<Extent> extents;
  for (Extent extent; file >> extent.offset >> extent.size;) extents.push_back(extent);
  if (extents.empty() || !file.eof()) throw xylem::DataError("'{}' does not name the pieces of a file", path);
  return extents;
}

InputFile::InputFile(const std::string& path) : path_(path), file_(open(path.c_str(), O_RDONLY)) {
  if (file_ < 0) throw xylem::ResourceError("cannot open '{}' ({})", path, std::strerror(errno));
}

InputFile::~InputFile() { close(file_); }

std::int64_t InputFile::size() const {
  struct stat status {};
  if (fstat(file_, &status) != 0) throw xylem::ResourceError("cannot look at '{}' ({})", path_, std::strerror(errno));
  return status.st_size;
}

void InputFile::read(std::int64_t offset, std::span<std::byte> out) const {
  const ssize_t got = pread(file_, out.data(), out.size(), offset);
  if (got != static_cast<ssize_t>(out.size()))
    throw xylem::ResourceError("cannot read '{}' ({})", path_, got < 0 ? std::strerror(errno) : "it ends too soon");
}

}  // namespace bench
