#include "xylem/plan/result_variable.hpp"

#include <utility>

#include "xylem/array/node.hpp"

namespace xylem {

ResultVariable describe_result(std::string name, const Array& array) {
  ResultVariable result{
      .name = std::move(name), .shape = array.shape(), .dtype = array.dtype(), .attributes = array.attributes()};
  for (const Dim& dim : array.dims()) result.dims.push_back(dim.name);
  for (const Coordinate& coord : array.coords()) {
    if (coord.values) result.coords.push_back({coord.name, coord.dims, *coord.values, coord.attributes});
  }
  return result;
}

}  // namespace xylem
