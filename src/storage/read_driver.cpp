#include "detail/read_driver.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>
#include <tuple>

#include "xylem/storage/hdf5.hpp"

#include "detail/compat.hpp"
#include "detail/read_bytes.hpp"

namespace xylem::h5 {
namespace {

// A file as HDF5 sees it; H5FD_t, which HDF5 fills in, must come first.
struct DriverFile {
  H5FD_t base{};
  OpenFile file{};
  dev_t device = 0;
  ino_t inode = 0;
  haddr_t allocated = 0;  // "eoa": how far HDF5 has given out addresses
};

DriverFile& driver_file(H5FD_t* file) { return *reinterpret_cast<DriverFile*>(file); }
const DriverFile& driver_file(const H5FD_t* file) { return *reinterpret_cast<const DriverFile*>(file); }

constexpr auto max_address = static_cast<haddr_t>(std::numeric_limits<off_t>::max());

// A read into this buffer is not performed; its place is noted instead. Guarded by hold_library().
std::byte chunk_buffer{};
ChunkPlace noted;
bool is_noted = false;

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* data) {
  if (address > max_address || size > max_address - address) return -1;
  if (data == &chunk_buffer) {
    noted.address = address;
    noted.size = size;
    is_noted = true;
    return 0;
  }
  const std::span<std::byte> out(static_cast<std::byte*>(data), size);
  const auto count = read_bytes_at(driver_file(file).file.descriptor, static_cast<std::int64_t>(address), out);
  if (!count) return -1;
  std::memset(out.data() + *count, 0, size - *count);  // behind the end of the file, as sec2 has it
  return 0;
}

H5FD_t* open_to_read(const char* name, unsigned flags, hid_t, haddr_t) {
  if ((flags & (H5F_ACC_RDWR | H5F_ACC_TRUNC | H5F_ACC_CREAT)) != 0) return nullptr;
  const int descriptor = open(name, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0) return nullptr;
  auto* file = fstat(descriptor, &status) == 0 ? new (std::nothrow) DriverFile : nullptr;  // no exception through C code
  if (file == nullptr) {
    ::close(descriptor);
    return nullptr;
  }
  file->file = {descriptor, status.st_size};
  file->device = status.st_dev;
  file->inode = status.st_ino;
  return &file->base;
}

H5FD_class_t make_class() {
  H5FD_class_t driver{};
#if H5_VERSION_GE(1, 13, 0)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(501);  // of those that HDF5 leaves to unregistered drivers
#endif
  driver.name = "xylem_read";
  driver.maxaddr = max_address;
  driver.fc_degree = H5F_CLOSE_WEAK;
  const H5FD_mem_t free_lists[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(free_lists), std::end(free_lists), std::begin(driver.fl_map));
  driver.query = [](const H5FD_t*, unsigned long* flags) -> herr_t {
    if (flags != nullptr) {
      *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
               H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_POSIX_COMPAT_HANDLE | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    }
    return 0;
  };
  driver.open = open_to_read;
  driver.close = [](H5FD_t* file) -> herr_t {
    const int result = ::close(driver_file(file).file.descriptor);
    delete &driver_file(file);
    return result;
  };
  driver.cmp = [](const H5FD_t* a, const H5FD_t* b) -> int {
    const auto key = [](const DriverFile& file) { return std::tuple(file.device, file.inode); };
    const auto left = key(driver_file(a)), right = key(driver_file(b));
    return left < right ? -1 : right < left ? 1 : 0;
  };
  driver.get_eoa = [](const H5FD_t* file, H5FD_mem_t) { return driver_file(file).allocated; };
  driver.set_eoa = [](H5FD_t* file, H5FD_mem_t, haddr_t address) -> herr_t {
    driver_file(file).allocated = address;
    return 0;
  };
  driver.get_eof = [](const H5FD_t* file, H5FD_mem_t) { return static_cast<haddr_t>(driver_file(file).file.size); };
  driver.get_handle = [](H5FD_t* file, hid_t, void** handle) -> herr_t {
    *handle = &driver_file(file).file.descriptor;  // the first member: open_file() finds the other one
    return 0;
  };
  driver.read = read;
  driver.write = [](H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) -> herr_t { return -1; };
  // As sec2, where locks that the file system does not have are no error (H5Pset_file_locking).
  driver.lock = [](H5FD_t* file, hbool_t writes) -> herr_t {
    const int result = flock(driver_file(file).file.descriptor, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB);
    return result == 0 || errno == ENOSYS ? 0 : -1;
  };
  driver.unlock = [](H5FD_t* file) -> herr_t {
    const int result = flock(driver_file(file).file.descriptor, LOCK_UN);
    return result == 0 || errno == ENOSYS ? 0 : -1;
  };
  return driver;
}

}  // namespace

herr_t set_read_driver(hid_t access_properties) {
  static const H5FD_class_t driver = make_class();
  static const hid_t id = H5FDregister(&driver);
  return id < 0 ? -1 : H5Pset_driver(access_properties, id, nullptr);
}

OpenFile open_file(hid_t file) {
  void* handle = nullptr;
  check(H5Fget_vfd_handle(file, H5P_DEFAULT, &handle), "cannot get at an open file");
  return *static_cast<const OpenFile*>(handle);
}

std::optional<ChunkPlace> find_chunk(hid_t dataset, const hsize_t* offset) {
  is_noted = false;
  std::uint32_t mask = 0;
  constexpr std::size_t any_size = std::numeric_limits<std::size_t>::max();
  if (read_chunk(dataset, offset, mask, &chunk_buffer, any_size) < 0 || !is_noted) return std::nullopt;
  noted.mask = mask;
  return noted;
}

}  // namespace xylem::h5
