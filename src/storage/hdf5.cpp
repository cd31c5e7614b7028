#include "xylem/storage/hdf5.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "xylem/model/limits.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/read_driver.hpp"

namespace xylem::h5 {
namespace {

herr_t keep_description(unsigned, const H5E_error2_t* error, void* out) {
  auto& text = *static_cast<std::string*>(out);
  try {
    if (text.empty() && error->desc != nullptr) text = error->desc;
  } catch (const std::bad_alloc&) {  // which must not pass through C code; the error itself is worth more than its description
    return -1;
  }
  return 0;
}

// HDF5 prints its error stack by default; xylem says what is wrong in one line of its own.
void silence_error_stack() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

// A file's metadata cache is a table of 0.5 MiB, which HDF5 by default gives back when the file is closed: filling its pages anew
// takes ten times as long as all else of opening a file. One or two are kept; other limits are HDF5's own.
void keep_freed_caches() {
  constexpr int kib = 1 << 10, mib = 1 << 20;
  H5set_free_list_limits(4 * mib, mib, 4 * mib, 256 * kib, 16 * mib, 2 * mib);
}

PropertyList access_properties() {
  keep_freed_caches();
  PropertyList properties(H5Pcreate(H5P_FILE_ACCESS));
  // HDF5's metadata cache may grow to 32 MiB of the file, and ten times that in memory; the memory forecast counts on less
  // (model/limits.hpp).
  H5AC_cache_config_t cache{};
  cache.version = H5AC__CURR_CACHE_CONFIG_VERSION;
  if (H5Pget_mdc_config(properties.get(), &cache) >= 0) {
    cache.set_initial_size = 1;
    cache.initial_size = static_cast<std::size_t>(hdf5_cache);
    cache.min_size = cache.initial_size;
    cache.incr_mode = H5C_incr__off;  // what is larger than the cache makes it grow even so (flash_incr_mode)
    cache.max_size = static_cast<std::size_t>(hdf5_file_memory);
    H5Pset_mdc_config(properties.get(), &cache);
  }
  check(set_read_driver(properties.get()), "cannot register the read driver");
  H5Pset_fclose_degree(properties.get(), H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
  // File systems without locks (some Lustre mounts) must not keep us from reading.
  H5Pset_file_locking(properties.get(), 1, 1);
#endif
  return properties;
}

}  // namespace

std::unique_lock<std::recursive_mutex> hold_library() {
  static std::recursive_mutex mutex;
  return std::unique_lock(mutex);
}

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

void give_back_caches() {
  const auto hold = hold_library();
  H5garbage_collect();
}

std::string last_error() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &text);
  return text.empty() ? "no further description" : printable(text);
}

void fail(const std::string& what) { throw DataError("{} (HDF5: {})", what, last_error()); }

File open_readonly(const std::string& path) {
  const std::string name = printable(path);
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) throw ResourceError("cannot reach '{}' (permission denied): check the permissions of its folders", name);
    throw UsageError("cannot open '{}' ({}): check the path", name, std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw UsageError("'{}' is a folder: name files, for example '{}/*.h5'", name, name);
  if (!S_ISREG(status.st_mode)) throw UsageError("'{}' is not a regular file", name);
  if (access(path.c_str(), R_OK) != 0)
    throw ResourceError("cannot read '{}' ({}): check its permissions", name, std::strerror(errno));

  silence_error_stack();
  static const hid_t properties = access_properties().release();  // HDF5 closes it when it ends
  File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, properties));
  if (file) return file;
  const std::string reason = last_error();
  if (reason.find("truncated file") != std::string::npos) {
    throw DataError("'{}' is truncated: it has {} bytes (HDF5: {}); copy it again or finish writing it", name, status.st_size,
                    reason);
  }
  if (reason.find("file signature not found") != std::string::npos) {
    throw DataError("'{}' is not an HDF5 file ({} bytes without an HDF5 signature)", name, status.st_size);
  }
  if (reason.find("already open for write") != std::string::npos) {
    throw DataError("'{}' is open for writing, or was not closed (HDF5: {}): wait for its writer to end", name, reason);
  }
  throw DataError("cannot open '{}' as HDF5 ({}): the file is damaged, or of a newer format than this HDF5 library reads", name,
                  reason);
}

}  // namespace xylem::h5
