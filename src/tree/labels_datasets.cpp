#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/labels.hpp"

namespace xylem {
namespace {

// How netCDF-4 marks the scale of a dim that has no coordinate variable, and how it then calls a variable of the dim's name.
constexpr std::string_view no_variable = "This is a netCDF dimension but not a netCDF variable";
constexpr std::string_view non_coordinate_prefix = "_nc4_non_coord_";

constexpr int max_links = 16;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_pure_dim(const DatasetInfo& info) { return info.is_scale && info.scale_name.rfind(no_variable, 0) == 0; }

// The dim of a number that netCDF-4 gave it, from the group upwards; empty where there is none.
std::string netcdf_dim_name(const Group* group, std::int64_t number) {
  for (; group != nullptr; group = group->parent()) {
    for (const auto& member : group->members()) {
      const auto* scale = dynamic_cast<const Container*>(member.get());
      if (scale != nullptr && scale->info().is_scale && scale->info().netcdf_dim == number) return scale->name();
    }
  }
  return {};
}

// What the scale itself or those attached to it say of dimension d; empty where they say nothing.
std::string name_by_scale(const Container& container, std::size_t d) {
  const DatasetInfo& info = container.info();
  if (d < info.dim_labels.size() && !info.dim_labels[d].empty()) return info.dim_labels[d];
  if (d < info.scales.size()) {
    for (const std::string& scale : info.scales[d]) {
      if (!scale.empty()) return base_name(scale);
    }
  }
  if (!info.is_scale) return {};
  if (info.netcdf_dims.size() == info.ndim()) {
    if (info.netcdf_dim == info.netcdf_dims[d]) return container.name();
    std::string name = netcdf_dim_name(container.parent(), info.netcdf_dims[d]);
    if (!name.empty()) return name;
  }
  return info.ndim() == 1 ? base_name(info.ref.path) : std::string();
}

std::vector<std::string> coordinate_names(const DatasetInfo& info) {
  const auto attribute = info.attributes.find("coordinates");
  const auto text = attribute == info.attributes.end() ? std::nullopt : attribute->second.as_string();
  std::istringstream words(text.value_or(""));
  std::vector<std::string> names;
  for (std::string word; words >> word;) {
    if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(std::move(word));
  }
  return names;
}

// A variable by CF's rules: a path, or a name looked up in the group, then upwards.
const Container* find_variable(const Container& container, const std::string& name) {
  const Group* group = container.parent();
  if (group == nullptr) return nullptr;
  if (name.find('/') != std::string::npos) return find_container(name.front() == '/' ? root_of(*group) : *group, name);
  for (; group != nullptr; group = group->parent()) {
    for (const std::string& candidate : {std::string(non_coordinate_prefix) + name, name}) {
      const Container* found = find_container(*group, candidate);
      if (found != nullptr && !is_pure_dim(found->info())) return found;
    }
  }
  return nullptr;
}

// Its own dims, as far as attributes and scales name them. One whose attributes are wrong has no names.
DimNames own_names(const Container& container) {
  DimNames names(container.info().ndim());
  std::vector<std::string> notes;
  try {
    names = names_from_attributes(container.info());
  } catch (const Error&) {
    return names;
  }
  name_by_scales(container, names, notes);
  return names;
}

// The dims of a dataset that the variable runs along, or nothing where it does not fit. netCDF keeps text as characters along a
// last dim of its own, which counts as part of the values.
std::optional<DimNames> place(const Container& variable, const DatasetInfo& info, const DimNames& names) {
  const DatasetInfo& own = variable.info();
  DimNames dims = own_names(variable);
  const auto find = [&](const std::string& dim) { return std::find(names.begin(), names.end(), dim); };
  const bool unnamed = std::all_of(dims.begin(), dims.end(), [](const std::string& dim) { return dim.empty(); });
  if (unnamed && own.shape == info.shape) return names;
  if (own.ndim() == 1 && unnamed) dims[0] = variable.name();
  const bool text = own.dtype.type_class == TypeClass::string && own.dtype.size == 1 && !dims.empty();
  if (text && find(dims.back()) == names.end()) dims.pop_back();
  bool fits = true;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const auto dim = find(dims[d]);
    fits = fits && dim != names.end() && info.shape[static_cast<std::size_t>(dim - names.begin())] == own.shape[d];
  }
  return fits ? std::optional(dims) : std::nullopt;
}

class Collector {
 public:
  Collector(const Container& container, const DimNames& names, Labels& labels)
      : container_(container), info_(container.info()), names_(names), labels_(labels) {}

  void add_scales() {
    if (info_.is_scale && !is_pure_dim(info_)) add(container_, container_.name(), place(container_, info_, names_));
    if (container_.parent() == nullptr) return;
    const Group& root = root_of(*container_.parent());
    for (std::size_t d = 0; d < std::min(info_.scales.size(), names_.size()); ++d) {
      for (const std::string& path : info_.scales[d]) {
        const Container* scale = path.empty() ? nullptr : find_container(root, path);
        if (scale == nullptr || is_pure_dim(scale->info())) continue;
        const Shape& shape = scale->info().shape;
        const bool fits = shape.size() == 1 && shape[0] == info_.shape[d];
        add(*scale, scale->name(), fits ? DimNames{names_[d]} : place(*scale, info_, names_));
      }
    }
  }

  void add_coordinates() {
    for (const std::string& name : coordinate_names(info_)) {
      const Container* variable = find_variable(container_, name);
      if (variable == nullptr) {
        labels_.notes.push_back(
            fmt::format("{} names a coordinate '{}', which is not there", info_.ref.describe(), printable(name)));
      } else if (variable != &container_) {
        add(*variable, base_name(name), place(*variable, info_, names_));
      }
    }
  }

 private:
  void add(const Container& variable, const std::string& name, const std::optional<DimNames>& dims) {
    const bool known =
        std::any_of(labels_.coords.begin(), labels_.coords.end(), [&](const Coord& coord) { return coord.name == name; });
    if (known) return;
    // A coordinate that bears a dim's name must run along that dim.
    const bool misleads = dims && std::count(names_.begin(), names_.end(), name) > std::count(dims->begin(), dims->end(), name);
    if (!dims || misleads || variable.info().null) {
      labels_.notes.push_back(fmt::format("coordinate '{}' of shape {} does not fit the dims of {}",
                                          printable(variable.info().ref.path), format_shape(variable.info().shape),
                                          info_.ref.describe()));
      return;
    }
    Shape shape(variable.info().shape.begin(), variable.info().shape.begin() + static_cast<std::ptrdiff_t>(dims->size()));
    labels_.coords.push_back({name, *dims, CoordMode::dataset, {}, variable.info().ref.path, num_elements(shape).value_or(0)});
  }

  const Container& container_;
  const DatasetInfo& info_;
  const DimNames& names_;
  Labels& labels_;
};

}  // namespace

const Group& root_of(const Group& group) {
  const Group* root = &group;
  while (root->parent() != nullptr) root = root->parent();
  return *root;
}

const Container* find_container(const Group& group, const std::string& path) {
  const Node* node = &group;
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty() || part == ".") continue;
    const auto* inside = dynamic_cast<const Group*>(node);
    if (inside == nullptr) return nullptr;
    node = part == ".." ? inside->parent() : inside->member(part);
    const auto* link = dynamic_cast<const Link*>(node);
    for (int i = 0; link != nullptr && i < max_links; ++i) {
      const bool leads_here = !link->info().dangling && link->info().kind != LinkKind::external;
      node = leads_here ? root_of(group).find(link->info().target) : nullptr;
      link = dynamic_cast<const Link*>(node);
    }
    if (node == nullptr) return nullptr;
  }
  return dynamic_cast<const Container*>(node);
}

void name_by_scales(const Container& container, DimNames& names, std::vector<std::string>& notes) {
  for (std::size_t d = 0; d < names.size(); ++d) {
    if (!names[d].empty()) continue;
    std::string name = name_by_scale(container, d);
    if (!name.empty() && std::find(names.begin(), names.end(), name) != names.end()) {
      notes.push_back(fmt::format("{} has two dims '{}' by its dimension scales: dimension {} is called dim_{}",
                                  container.info().ref.describe(), printable(name), d, d));
      continue;
    }
    names[d] = std::move(name);
  }
}

void name_by_coordinates(const Container& container, DimNames& names) {
  const DatasetInfo& info = container.info();
  for (std::size_t d = 0; d < names.size(); ++d) {
    const auto alike = [&](std::size_t other) { return names[other].empty() && info.shape[other] == info.shape[d]; };
    std::size_t dims = 0;
    for (std::size_t other = 0; other < names.size(); ++other) dims += alike(other) ? 1 : 0;
    if (!alike(d) || dims != 1) continue;
    std::vector<std::string> candidates;
    for (const std::string& name : coordinate_names(info)) {
      const Container* variable = find_variable(container, name);
      const bool fits = variable != nullptr && variable != &container && variable->info().shape == Shape{info.shape[d]} &&
                        own_names(*variable)[0].empty();
      if (fits) candidates.push_back(base_name(name));
    }
    if (candidates.size() == 1 && std::find(names.begin(), names.end(), candidates[0]) == names.end()) names[d] = candidates[0];
  }
}

void add_dataset_coords(const Container& container, const DimNames& names, Labels& labels) {
  Collector collector(container, names, labels);
  collector.add_scales();
  collector.add_coordinates();
}

}  // namespace xylem
