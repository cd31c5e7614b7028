#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xylem/model/attribute.hpp"
#include "xylem/tree/node.hpp"

namespace xylem {

/// Where the values of a coordinate come from: dantro's modes of `coords__<dim>` attributes, or another dataset.
enum class CoordMode : std::uint8_t {
  values,          ///< the attribute's elements
  range,           ///< Python's range arguments
  arange,          ///< numpy.arange's
  linspace,        ///< numpy.linspace's: start, stop, num (50), endpoint (true)
  logspace,        ///< numpy.logspace's, base 10: as linspace
  start_and_step,  ///< integers, as many as the dim is long
  trivial,         ///< 0, 1, 2, ...
  scalar,          ///< one value
  linked,          ///< a dataset that the attribute names, relative to the dataset's group
  dataset,         ///< a dimension scale, or a dataset named in the CF attribute `coordinates`
};

/// dantro's name of the mode; "dataset" for the last.
[[nodiscard]] const char* mode_name(CoordMode mode) noexcept;

/// How to get the values of one coordinate, not the values: nothing is read for it, and nothing as long as a dim is held.
struct Coord {
  std::string name;
  std::vector<std::string> dims;  ///< those of the dataset that it runs along; none for a scalar coordinate
  CoordMode mode = CoordMode::values;
  AttributeValue argument{};  ///< what the attribute holds; empty for `dataset`
  std::string path{};     ///< `linked` and `dataset`: the dataset's path in the file; a link that leads to none, as it is written
  std::int64_t size = 0;  ///< values: the product of the extents of `dims`

  /// The values of the modes that an attribute holds, as Python and NumPy (2.x) compute them, in float64 or int64 (`values` and
  /// `scalar`: as stored). Throws UsageError for `linked` and `dataset`, whose values must be read, and ResourceError where there
  /// are more than 2^31.
  [[nodiscard]] AttributeValue::Data values() const;
};

/// The dims of a dataset, one name a dimension, all different, and its coords.
struct Labels {
  std::vector<std::string> dims;
  std::vector<Coord> coords;       ///< names are unique; those of dims first
  std::vector<std::string> notes;  ///< what was passed over, a line each
};

/// How strictly labels() reads attributes.
struct LabelOptions {
  bool strict = true;  ///< an attribute `coords__<dim>` or `coords_mode__<dim>` of no dim is an error
};

/// Dims and coords of a container, from its metadata and its place in the tree; nothing is read.
///
/// Each dim is named by the first of these that names it, and coords are taken from all of them, the first of a name counting:
/// 1. dantro's attributes (https://dantro.readthedocs.io, XrDataContainer): `dims`, then `dim_name__<i>`, which overrides it;
///    `coords__<dim>` and `coords_mode__<dim>` belong to dims that these or dimension scales name.
/// 2. HDF5 dimension scales: the label of the dimension, else the name of its first scale; a scale itself runs along the dims
///    that netCDF-4 says, a one-dimensional one otherwise along its own. netCDF dims without a variable give no coord.
/// 3. The CF attribute `coordinates`, names looked up in the dataset's group, then upwards: a one-dimensional one that belongs to
///    no dim yet names the dim of its length, where there is just one of each.
/// 4. `dim_<i>`.
///
/// Throws DataError, naming file, dataset, attribute and value, for attributes of dantro that cannot be meant: an unknown dim or
/// mode, a bare string as `dims`, the same name twice, too many or too few names or values.
[[nodiscard]] Labels labels(const Container& container, const LabelOptions& options = {});

/// Where a container of `extent` elements along `dim` (1 where it has no such dim) is along the dim of a labelled group: dantro's
/// attributes `ext_coords__<dim>` and `ext_coords_mode__<dim>` (mode `scalar` where absent) of the container or, where it has
/// neither, of the nearest group above it. Throws DataError where there are none, or they cannot be meant.
[[nodiscard]] Coord external_coord(const Container& container, const std::string& dim, std::int64_t extent);

}  // namespace xylem
