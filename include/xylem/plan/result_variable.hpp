#pragma once

#include <string>

#include "xylem/array/array.hpp"
#include "xylem/result/array.hpp"

namespace xylem {

/// What an array becomes as a result of this name: its dims, type, attributes, and those of its coords whose values are known.
[[nodiscard]] ResultVariable describe_result(std::string name, const Array& array);

}  // namespace xylem
