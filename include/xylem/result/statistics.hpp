#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xylem/model/shape.hpp"

namespace xylem {

/// A number in a result: undefined, an integer of any size in decimal digits, or a float.
using ResultNumber = std::variant<std::monostate, std::string, double>;

/// The statistics of one dataset, of all its elements that are not missing.
struct DatasetStatistics {
  std::string file;
  std::string path;
  std::string dtype;             ///< as stored, in NumPy's name
  std::optional<Shape> shape{};  ///< nothing for a null dataspace
  std::int64_t count = 0;        ///< elements that are not missing
  std::int64_t missing = 0;      ///< NaN, and what CF attributes call missing
  ResultNumber min{}, max{};     ///< undefined where count is 0
  ResultNumber sum{};            ///< 0 where count is 0
  ResultNumber mean{};           ///< undefined where count is 0
  ResultNumber std{};            ///< population standard deviation (ddof 0); undefined where count is 0 or an element is infinite
};

}  // namespace xylem
