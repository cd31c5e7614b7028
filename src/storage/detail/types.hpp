#pragma once

#include "xylem/model/dtype.hpp"
#include "xylem/storage/hdf5.hpp"

namespace xylem::h5 {

/// What an HDF5 datatype is, in xylem's terms.
[[nodiscard]] DType describe_type(hid_t type);

/// The type in which elements of a numeric dataset are read: the stored type itself where `dtype.standard` (no conversion; the
/// kernels swap bytes), else the native type of the same kind and size, to which HDF5 converts.
[[nodiscard]] Datatype memory_type(hid_t stored, const DType& dtype);

}  // namespace xylem::h5
