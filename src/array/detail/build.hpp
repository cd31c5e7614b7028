#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"

namespace xylem::detail {

/// The array of a new node, whose depth is set here. Throws UsageError when it is nested too deeply.
Array make_array(ArrayNode node);

/// A copy of what is known of an array, made in another way.
ArrayNode derive(const Array& array, NodeKind kind);

/// The dims of all inputs, in the order in which they first appear. Throws UsageError where sizes differ.
std::vector<Dim> broadcast_dims(const std::vector<Array>& inputs);

/// The coords of all arrays, times in the units of the first. Those that label a dim must be equal (UsageError, with the first
/// difference, where not); others are dropped where they differ or cannot be known to be equal.
std::vector<Coordinate> merge_coords(const std::vector<Array>& arrays);

/// What is the same in all inputs that are not mere numbers.
Attributes merge_attributes(const std::vector<Array>& inputs);

/// What of an array's attributes is true of its reduction over these dims too, and what CF calls that (cell_methods; null:
/// nothing). The units of a sum or a deviation of points in time are no reference time.
Attributes reduced_attributes(const Array& array, Reduction reduction, const char* cell_method,
                              const std::vector<std::string>& reduced);

/// The coordinate with the known values, or null.
Coordinate known_coordinate(std::string name, std::vector<std::string> dims, LabelValues values);
/// Values at these positions.
LabelValues take(const LabelValues& values, const std::vector<std::int64_t>& positions);

/// Known to be equal, times in whatever units.
bool same_coordinate(const Coordinate& a, const Coordinate& b);

/// True unless both are times since a reference (units like "days since 2000-01-01") that count differently.
bool same_time_units(const Coordinate& a, const Coordinate& b);
/// The arrays with all times of coordinates of one name in the units of the first. Throws UsageError where they label a dim and
/// cannot be: their calendars have different days.
std::vector<Array> in_common_time_units(std::vector<Array> arrays);

/// The positions that a selection of one dim chooses.
std::vector<std::int64_t> positions_of(const AxisSelection& selection);

/// "dims: time, lat, lon", or "no dims".
std::string format_dims(const std::vector<Dim>& dims);

/// Throws UsageError when a name of `dims` is not the array's, or stands twice; gives them in the array's order.
std::vector<std::string> expect_dims(const std::vector<Dim>& all, const std::vector<std::string>& dims);

}  // namespace xylem::detail
