#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"
#include "xylem/tree/labels.hpp"

namespace xylem {

/// The known values of a dataset that holds a coordinate (of one dim or none), or null where they are not known. Who calls lazy()
/// reads them, all ranks together; this layer never does.
using CoordinateReader = std::function<std::shared_ptr<const LabelValues>(const DatasetInfo&)>;

/// An array over a dataset: `dims` names its dims, coords run along them. Its type is the stored one; decoding with missing
/// values makes integers float32 (of up to 16 bits) or float64, as in xarray, and scaling makes float64. Throws UsageError unless
/// the dataset is numeric, not null, and has as many dims, all different, and the coords fit.
[[nodiscard]] Array source(std::shared_ptr<const DatasetInfo> info, CfDecoding decoding, const std::vector<std::string>& dims,
                           std::vector<Coordinate> coords = {});

/// A container as an array, with the dims and coords of `labels`. Coords that datasets hold are looked up in the container's
/// tree; those that `reader` does not know stay lazy, or are left out where they are not numeric or not there.
[[nodiscard]] Array lazy(const Container& container, const Labels& labels, const CfDecoding& decoding,
                         const CoordinateReader& reader = {});

/// An array along `dim` with these values, and itself as coord.
[[nodiscard]] Array coordinate(const std::string& dim, LabelValues values);
/// The array with one more coord, or another one of this name: `values` along the dim of the coord's name, described by
/// `attributes` (units and the like). Throws UsageError unless they are as many as the dim is long.
[[nodiscard]] Array assign_coord(const Array& array, const std::string& dim, LabelValues values, Attributes attributes = {});

}  // namespace xylem
