#include "xylem/tree/index.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/index_file.hpp"
#include "detail/index_search.hpp"
#include "detail/scan_files.hpp"

namespace fs = std::filesystem;

namespace xylem {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw ResourceError("cannot write the index '{}' ({}): name another place with -o FILE, and use it with --index FILE",
                      printable(path), std::strerror(error));
}

// Whole or not at all.
void write_file(const std::string& path, const std::string& bytes) {
  const std::string draft = fmt::format("{}.{}.tmp", path, getpid());
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(path, errno);
  int error = 0;
  for (std::size_t done = 0; done < bytes.size() && error == 0;) {
    const ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  if (error == 0 && fsync(descriptor) != 0) error = errno;
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(draft.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  unlink(draft.c_str());
  fail(path, error);
}

}  // namespace

IndexReport write_index(const Communicator& comm, const std::vector<std::string>& patterns, const std::string& path) {
  ScanOptions options;
  options.depth = ScanDepth::contents;
  std::error_code error;
  // The one that is there spares scans. Whether it is, rank 0 says.
  const std::string there = comm.broadcast(comm.rank() == 0 && !path.empty() && fs::exists(path, error) ? path : "", 0);
  options.use_index = path.empty() || !there.empty();
  options.index = there;
  detail::ScannedFiles found = detail::scan_patterns(comm, patterns, options);

  IndexReport report;
  std::vector<FileMetadata> files;
  std::vector<std::string> real;
  for (auto* list : {&found.files, &found.linked_files}) {
    for (detail::ScannedFile& file : *list) {
      if (file.metadata.objects.empty() || !file.metadata.warnings.empty()) continue;
      report.kept += file.from_index ? 1 : 0;
      real.push_back(file.real_path);
      files.push_back(std::move(file.metadata));
    }
    if (list == &found.files) report.files = files.size();
  }
  const std::vector<std::string> asked(real.begin(), real.begin() + static_cast<std::ptrdiff_t>(report.files));
  report.files = files.size();
  report.warnings = std::move(found.warnings);
  const std::string written = comm.agree([&] {
    if (asked.empty()) throw UsageError("there is nothing to index: files that cannot be read in whole are always scanned");
    if (comm.rank() != 0) return std::string();
    report.path = path.empty() ? (fs::path(detail::common_folder(asked)) / index_name).string() : path;
    if (fs::is_directory(report.path, error)) fail(report.path, EISDIR);
    const std::string folder = fs::weakly_canonical(report.path, error).parent_path().string();
    const std::string bytes = detail::pack_index(files, real, folder);
    write_file(report.path, bytes);
    report.bytes = static_cast<std::int64_t>(bytes.size());
    return to_bytes(std::pair(report.path, report.bytes));
  });
  std::tie(report.path, report.bytes) = from_bytes<std::pair<std::string, std::int64_t>>(comm.broadcast(written, 0));
  return report;
}

}  // namespace xylem
