#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace xylem::h5 {

/// Keeps other threads of this process from calling HDF5, which is seldom built for several at once. What readers do between
/// their calls, decoding above all, needs no such lock.
[[nodiscard]] std::unique_lock<std::recursive_mutex> hold_library();

/// Owns one HDF5 identifier and closes it with `Close`.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  /// Takes over an identifier; a negative one stands for none.
  explicit Handle(hid_t id) noexcept : id_(id) {}
  ~Handle() {
    if (id_ < 0) return;
    const auto hold = hold_library();
    Close(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }

  /// The identifier, which stays owned here; negative where there is none.
  [[nodiscard]] hid_t get() const noexcept { return id_; }
  /// Gives up the identifier unclosed, for a caller who wants to know whether closing it succeeds.
  [[nodiscard]] hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }
  explicit operator bool() const noexcept { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Object = Handle<H5Oclose>;
using Dataset = Handle<H5Dclose>;
using Dataspace = Handle<H5Sclose>;
using Datatype = Handle<H5Tclose>;
using Attribute = Handle<H5Aclose>;
using PropertyList = Handle<H5Pclose>;

/// The version of the HDF5 library that runs ("1.10.8").
[[nodiscard]] std::string library_version();

/// Frees what HDF5 keeps of files that are closed, up to 4 MiB to open the next one faster.
void give_back_caches();

/// What HDF5's error stack of this thread says of the last failure: the innermost description.
[[nodiscard]] std::string last_error();

/// Returns `result` unless it is negative; then throws DataError "WHAT (HDF5: ...)".
template <class Result>
Result check(Result result, const std::string& what);

/// Throws DataError "WHAT (HDF5: ...)" for the last call of this thread that failed.
[[noreturn]] void fail(const std::string& what);

template <class Result>
Result check(Result result, const std::string& what) {
  if (result < 0) fail(what);
  return result;
}

/// Opens a file to read, on this rank alone (no MPI-IO: docs/adr/0003-independent-reads.md), after checking that it is there, is
/// a file and may be read. Throws UsageError (no such file, a folder), ResourceError (no permission) or DataError (not HDF5,
/// truncated, corrupt), each naming the file.
[[nodiscard]] File open_readonly(const std::string& path);

}  // namespace xylem::h5
