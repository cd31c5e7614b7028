#pragma once

#include <string>
#include <vector>

#include "xylem/model/attribute.hpp"
#include "xylem/model/element_type.hpp"
#include "xylem/model/label_values.hpp"
#include "xylem/model/shape.hpp"

namespace xylem {

/// A coordinate of a result, with its values: along one dim of the result, or a scalar.
struct ResultCoord {
  std::string name{};
  std::vector<std::string> dims{};  ///< one, or none for a scalar
  LabelValues values{};             ///< as many as the dim is long; one for a scalar
  Attributes attributes{};

  /// True for the coordinate that labels a dim.
  [[nodiscard]] bool is_index() const noexcept { return dims.size() == 1 && dims[0] == name; }
};

/// A labelled array that a run gives, without its elements. Those come in pieces: a box and its elements, row-major, in the
/// native form of `dtype` (booleans one byte, 0 or 1).
struct ResultVariable {
  std::string name{};
  std::vector<std::string> dims{};  ///< all different
  Shape shape{};                    ///< as many extents as dims
  ElementType dtype = ElementType::float64;
  Attributes attributes{};
  std::vector<ResultCoord> coords{};  ///< names are different; they run along `dims`
};

}  // namespace xylem
