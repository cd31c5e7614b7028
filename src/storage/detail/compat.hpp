#pragma once

#include <hdf5.h>

#include <array>
#include <compare>
#include <cstring>

namespace xylem::h5 {

/// What identifies an object within the process's open files: the same for every link to it.
struct ObjectId {
  unsigned long file = 0;
  std::array<unsigned char, 16> token{};
  auto operator<=>(const ObjectId&) const = default;
};

/// The identity and type of an open object. Returns false on failure. The one place where HDF5 1.10's addresses and the tokens of
/// later releases differ.
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

}  // namespace xylem::h5
