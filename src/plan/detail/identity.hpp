#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/node.hpp"

namespace xylem::detail {

/// Tells arrays that are made alike by a number each, however often they were made.
class Identity {
 public:
  std::size_t of(const Array& array);

 private:
  std::map<std::string, std::size_t> ids_;
  std::map<const ArrayNode*, std::size_t> known_;
  std::vector<Array> held_;  // nodes that are known must not be freed and their addresses used again
};

}  // namespace xylem::detail
