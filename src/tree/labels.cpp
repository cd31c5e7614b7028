#include "xylem/tree/labels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xylem/support/error.hpp"

#include "detail/labels.hpp"

namespace xylem {
namespace {

void name_the_rest(const DatasetInfo& info, DimNames& names) {
  for (std::size_t d = 0; d < names.size(); ++d) {
    if (!names[d].empty()) continue;
    std::string name = fmt::format("dim_{}", d);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw DataError("{} names another dim '{}', which dimension {} is called for want of a name (name it too)",
                      info.ref.describe(), name, d);
    }
    names[d] = std::move(name);
  }
}

}  // namespace

Labels labels(const Container& container, const LabelOptions& options) {
  Labels result;
  DimNames names = names_from_attributes(container.info());
  name_by_scales(container, names, result.notes);
  result.coords = coords_from_attributes(container, names, options.strict);
  name_by_coordinates(container, names);
  name_the_rest(container.info(), names);
  add_dataset_coords(container, names, result);
  std::stable_partition(result.coords.begin(), result.coords.end(),
                        [&](const Coord& coord) { return std::find(names.begin(), names.end(), coord.name) != names.end(); });
  result.dims = std::move(names);
  return result;
}

Labels labels_or_default(const Container& container, std::vector<std::string>& problems) {
  try {
    return labels(container);
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
  Labels result;
  result.dims.resize(container.info().ndim());
  name_the_rest(container.info(), result.dims);
  return result;
}

}  // namespace xylem
