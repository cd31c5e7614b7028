#pragma once

#include <cstdint>
#include <string>

namespace xylem {

/// What the elements of a dataset or attribute are, as far as xylem tells them apart.
enum class TypeClass : std::uint8_t {
  boolean,   ///< h5py's convention: an enum {FALSE=0, TRUE=1} over an 8-bit integer
  integer,   ///< signed; enums other than booleans count as their base integers (`enumeration` is set then)
  uinteger,  ///< unsigned; bit fields too
  floating,  ///< float16, float32, float64 (others are `unsupported`)
  string,    ///< fixed or variable length
  compound,
  reference,
  vlen,   ///< variable-length sequences
  array,  ///< array datatypes
  opaque,
  unsupported,  ///< anything else: long double, floats of uncommon width, time
};

/// The type of an element, in NumPy's names.
struct DType {
  TypeClass type_class = TypeClass::unsupported;
  std::int32_t size = 0;  ///< bytes per element as stored
  bool big_endian = false;
  bool standard = true;      ///< numeric: full precision, no padding, IEEE or two's complement: its bytes can be used as they are
  bool enumeration = false;  ///< an HDF5 enum (booleans too)
  std::string detail{};      ///< more for people: members of a compound or enum, length of a string, ...

  /// True for booleans, integers of 1, 2, 4, 8 bytes and floats of 2, 4, 8 bytes: what reductions take.
  [[nodiscard]] bool is_numeric() const noexcept;
  [[nodiscard]] bool is_integral() const noexcept;  ///< boolean, integer or uinteger

  /// NumPy's name without byte order: "bool", "int16", "uint8", "float32"; "string", "compound", "reference", "vlen", "array",
  /// "opaque" or "unsupported" for the others.
  [[nodiscard]] std::string name() const;

  friend bool operator==(const DType&, const DType&) = default;
};

}  // namespace xylem
