#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "xylem/tree/labels.hpp"

namespace xylem {

/// A name for each dimension; empty where there is none yet.
using DimNames = std::vector<std::string>;

/// start + i * step
struct IntegerRamp {
  std::int64_t start = 0;
  std::int64_t step = 1;
};

/// As numpy.arange computes floats: the first two values, and from the third start + i * (second - start).
struct RealRamp {
  double start = 0;
  double second = 1;
};

/// `count` points from start to stop (exclusive without `endpoint`), or 10 to the power of them.
struct Space {
  double start = 0;
  double stop = 1;
  bool endpoint = true;
  bool logarithmic = false;
};

struct Sequence {
  std::int64_t count = 0;
  std::variant<IntegerRamp, RealRamp, Space> rule{};
};

/// The sequence that the argument means for a dim of this extent. Throws std::invalid_argument saying why there is none.
[[nodiscard]] Sequence make_sequence(CoordMode mode, const AttributeValue& argument, std::int64_t extent);
[[nodiscard]] AttributeValue::Data fill(const Sequence& sequence);

/// Names dims by the attributes `dims` and `dim_name__<i>`.
[[nodiscard]] DimNames names_from_attributes(const DatasetInfo& info);
/// Coords from `coords__<dim>` and `coords_mode__<dim>` for the named dims.
[[nodiscard]] std::vector<Coord> coords_from_attributes(const Container& container, const DimNames& names, bool strict);

/// Names the dims that have no name yet by dimension scales.
void name_by_scales(const Container& container, DimNames& names, std::vector<std::string>& notes);
/// Names the dims that have no name yet by one-dimensional datasets of the attribute `coordinates`.
void name_by_coordinates(const Container& container, DimNames& names);
/// Adds the coords that dimension scales and the attribute `coordinates` give to dims, all of which have names by now.
void add_dataset_coords(const Container& container, const DimNames& names, Labels& labels);

/// The dataset at a path from `group` ("..", "." and in-file links are followed), or null.
[[nodiscard]] const Container* find_container(const Group& group, const std::string& path);
[[nodiscard]] const Group& root_of(const Group& group);

/// The labels, or `dim_<i>` without coords and the message in `problems` where they cannot be made.
[[nodiscard]] Labels labels_or_default(const Container& container, std::vector<std::string>& problems);

}  // namespace xylem
