#include "detail/write_driver.hpp"

#include <sys/types.h>
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

namespace xylem::h5 {
namespace {

// A file as HDF5 sees it; H5FD_t, which HDF5 fills in, must come first.
struct OpenFile {
  H5FD_t base{};
  WriteTarget* target = nullptr;
  haddr_t allocated = 0;  // "eoa": how far HDF5 has given out addresses
  haddr_t written = 0;    // "eof"
};

OpenFile& open_file(H5FD_t* file) { return *reinterpret_cast<OpenFile*>(file); }
const OpenFile& open_file(const H5FD_t* file) { return *reinterpret_cast<const OpenFile*>(file); }

void write_bytes(WriteTarget& target, const char* data, std::size_t size, off_t offset) {
  while (size > 0 && target.error == 0) {
    const ssize_t count = pwrite(target.descriptor, data, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      target.error = count < 0 ? errno : EIO;
      return;
    }
    data += count;
    size -= static_cast<std::size_t>(count);
    offset += count;
  }
}

// What was never written reads as zeros.
herr_t read_bytes(const WriteTarget& target, char* data, std::size_t size, off_t offset) {
  while (size > 0) {
    const ssize_t count = pread(target.descriptor, data, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) {
      std::memset(data, 0, size);
      return 0;
    }
    data += count;
    size -= static_cast<std::size_t>(count);
    offset += count;
  }
  return 0;
}

H5FD_class_t make_class() {
  H5FD_class_t driver{};
#if H5_VERSION_GE(1, 13, 0)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(500);  // of those that HDF5 leaves to unregistered drivers
#endif
  driver.name = "xylem_write";
  driver.maxaddr = static_cast<haddr_t>(std::numeric_limits<off_t>::max());
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(WriteTarget*);
  const H5FD_mem_t free_lists[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(free_lists), std::end(free_lists), std::begin(driver.fl_map));
  // As HDF5's serial driver.
  driver.query = [](const H5FD_t*, unsigned long* flags) -> herr_t {
    if (flags != nullptr) {
      *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
               H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    }
    return 0;
  };
  driver.open = [](const char*, unsigned, hid_t access_properties, haddr_t) -> H5FD_t* {
    const void* info = H5Pget_driver_info(access_properties);
    if (info == nullptr) return nullptr;
    auto* file = new (std::nothrow) OpenFile;  // no exception through C code
    if (file == nullptr) return nullptr;
    std::memcpy(&file->target, info, sizeof file->target);
    file->written = static_cast<haddr_t>(std::max<off_t>(0, lseek(file->target->descriptor, 0, SEEK_END)));
    return &file->base;
  };
  driver.close = [](H5FD_t* file) -> herr_t {
    delete &open_file(file);
    return 0;
  };
  driver.get_eoa = [](const H5FD_t* file, H5FD_mem_t) { return open_file(file).allocated; };
  driver.set_eoa = [](H5FD_t* file, H5FD_mem_t, haddr_t address) -> herr_t {
    open_file(file).allocated = address;
    return 0;
  };
  driver.get_eof = [](const H5FD_t* file, H5FD_mem_t) { return open_file(file).written; };
  driver.read = [](H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* data) -> herr_t {
    return read_bytes(*open_file(file).target, static_cast<char*>(data), size, static_cast<off_t>(address));
  };
  driver.write = [](H5FD_t* file, H5FD_mem_t kind, hid_t, haddr_t address, std::size_t size, const void* data) -> herr_t {
    OpenFile& self = open_file(file);
    if (kind == H5FD_MEM_DRAW && self.target->defers_elements) {
      self.target->deferred = static_cast<std::int64_t>(address);
    } else {
      write_bytes(*self.target, static_cast<const char*>(data), size, static_cast<off_t>(address));
    }
    self.written = std::max(self.written, address + size);
    return 0;
  };
  driver.truncate = [](H5FD_t* file, hid_t, auto) -> herr_t {
    OpenFile& self = open_file(file);
    if (self.allocated == self.written) return 0;
    WriteTarget& target = *self.target;
    if (target.error == 0 && ftruncate(target.descriptor, static_cast<off_t>(self.allocated)) != 0) target.error = errno;
    self.written = self.allocated;
    return 0;
  };
  return driver;
}

}  // namespace

herr_t set_write_driver(hid_t access_properties, WriteTarget& target) {
  static const H5FD_class_t driver = make_class();
  static const hid_t id = H5FDregister(&driver);
  WriteTarget* const info = &target;
  return id < 0 ? -1 : H5Pset_driver(access_properties, id, &info);
}

}  // namespace xylem::h5
