#include "detail/index_search.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/storage/files.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/index.hpp"

namespace fs = std::filesystem;

namespace xylem::detail {
namespace {

// What rank 0 found, for all.
struct Found {
  std::string path{};
  std::string folder{};
  std::string bytes{};
  std::string problem{};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(path, folder, problem);  // the bytes are many, and go by themselves
  }
};

// Reads a whole file; where it cannot, says why. Anyone may write to a folder like /tmp: an index in it that was not asked for by
// name is taken from those only who may change the data as well.
void read(Found& found, bool is_named) {
  const int descriptor = open(found.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {
  }, folder{};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    found.problem = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    found.problem = "it is no regular file";
  } else if (stat(found.folder.c_str(), &folder) != 0 ||
             (!is_named && status.st_uid != geteuid() && status.st_uid != 0 && status.st_uid != folder.st_uid)) {
    found.problem = "it is another user's; name it with --index to use it";
  } else {
    found.bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < found.bytes.size()) {
      const ssize_t count = ::read(descriptor, found.bytes.data() + done, found.bytes.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    found.bytes.resize(done);
  }
  if (descriptor >= 0) close(descriptor);
}

Found find(const std::vector<std::string>& real, const ScanOptions& options) {
  Found found;
  if (!options.use_index || real.empty()) return found;
  std::error_code error;
  if (!options.index.empty()) {
    found.path = options.index;
    if (!fs::exists(found.path, error)) {
      throw UsageError("there is no index '{}': make it with xylem index, or leave --index out", printable(found.path));
    }
    found.folder = fs::weakly_canonical(found.path, error).parent_path().string();
    read(found, true);
    return found;
  }
  for (fs::path folder = common_folder(real);; folder = folder.parent_path()) {
    if (fs::exists(folder / index_name, error)) {
      found.path = (folder / index_name).string();
      found.folder = folder.string();
      read(found, false);
      return found;
    }
    if (folder == folder.parent_path()) return found;
  }
}

constexpr char unchanged = 'u', changed = 'c', unknown = '?';

char state_of(const IndexFile::Entry* entry, const std::string& real_path) {
  if (entry == nullptr) return unknown;
  struct stat status {};
  if (stat(real_path.c_str(), &status) != 0) return changed;
  const std::int64_t mtime_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return status.st_size == entry->size && mtime_ns == entry->mtime_ns ? unchanged : changed;
}

}  // namespace

std::string common_folder(const std::vector<std::string>& real_paths) {
  std::string folder = fs::path(real_paths.at(0)).parent_path().string();
  const auto holds = [&](const std::string& path) {
    return folder == "/" || folder.empty() ||
           (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
  };
  for (const std::string& path : real_paths) {
    while (!holds(path)) folder = fs::path(folder).parent_path().string();
  }
  return folder;
}

IndexSearch::IndexSearch(const Communicator& comm, const std::vector<std::string>& real_paths, const ScanOptions& options)
    : is_named_(!options.index.empty()) {
  Found found = comm.agree([&] { return comm.rank() == 0 ? find(real_paths, options) : Found{}; });
  std::string bytes = comm.broadcast(std::move(found.bytes), 0);
  found = from_bytes<Found>(comm.broadcast(to_bytes(found), 0));
  path_ = found.path;
  if (path_.empty()) return;
  if (found.problem.empty()) {
    try {
      index_.emplace(std::move(bytes), found.folder);
    } catch (const DataError& error) {
      found.problem = error.what();
    }
  }
  if (!index_) {
    warnings_.push_back(fmt::format("the index '{}' is not used ({}): files are scanned; make it anew with xylem index",
                                    printable(path_), found.problem));
  }
}

std::vector<std::optional<FileMetadata>> IndexSearch::look_up(const Communicator& comm, const std::vector<std::string>& files,
                                                              const std::vector<std::string>& real_paths) {
  std::vector<std::optional<FileMetadata>> result(files.size());
  if (!index_) return result;
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::string own;
  for (auto i = static_cast<std::size_t>(comm.rank()); i < files.size(); i += ranks) {
    own += state_of(index_->find(real_paths[i]), real_paths[i]);
  }
  const std::vector<std::string> states = comm.all_gather(own);
  std::vector<std::string> stale, strange;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const char state = states[i % ranks][i / ranks];
    if (state == unchanged) {
      try {
        result[i] = index_->metadata(*index_->find(real_paths[i]), files[i]);
      } catch (const DataError& error) {
        warnings_.push_back(fmt::format("what the index '{}' has of '{}' is not used ({}): the file is scanned", printable(path_),
                                        printable(files[i]), error.what()));
      }
    } else {
      (state == changed ? stale : strange).push_back(files[i]);
    }
  }
  const auto warn = [&](const std::vector<std::string>& some, const char* what) {
    if (some.empty()) return;
    warnings_.push_back(fmt::format("the index '{}' {} {} of {} ('{}'{}): scanned now; bring it up to date with xylem index",
                                    printable(path_), what, some.size(), plural(files.size(), "file"), printable(some[0]),
                                    some.size() > 1 ? ", ..." : ""));
  };
  warn(stale, "is stale for");
  if (is_named_ || strange.size() < files.size()) warn(strange, "does not know");
  return result;
}

}  // namespace xylem::detail
