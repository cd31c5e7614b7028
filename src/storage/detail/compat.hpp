#pragma once

#include <hdf5.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace xylem::h5 {

/// What identifies an object within the process's open files: the same for every link to it.
struct ObjectId {
  unsigned long file = 0;
  std::array<unsigned char, 16> token{};
  auto operator<=>(const ObjectId&) const = default;
};

/// The identity and type of an open object. Returns false on failure. HDF5 1.10 has addresses, later releases tokens.
inline bool object_id(hid_t object, ObjectId& id, H5O_type_t& type) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info{};
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) return false;
  static_assert(sizeof info.token == sizeof id.token);
  std::memcpy(id.token.data(), &info.token, sizeof info.token);
#else
  H5O_info_t info{};
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return false;
  std::memcpy(id.token.data(), &info.addr, sizeof info.addr);
#endif
  id.file = info.fileno;
  type = info.type;
  return true;
}

/// Reads a chunk as it is stored into `out`, which has room for `size` bytes; a bit set in `mask` says that the filter of that
/// number was left out. Fails where nothing is stored, and from HDF5 2.0 on where more is than `size`: earlier releases do not
/// look at it.
inline herr_t read_chunk(hid_t dataset, const hsize_t* offset, std::uint32_t& mask, void* out, std::size_t size) {
#if H5_VERSION_GE(2, 0, 0)
  std::size_t stored = size;
  const herr_t result = H5Dread_chunk2(dataset, H5P_DEFAULT, offset, &mask, out, &stored);
  return stored <= size ? result : -1;
#else
  static_cast<void>(size);
  return H5Dread_chunk(dataset, H5P_DEFAULT, offset, &mask, out);
#endif
}

}  // namespace xylem::h5
