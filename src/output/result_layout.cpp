#include <algorithm>
#include <set>

#include "xylem/model/cf_time.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/result_file.hpp"

namespace xylem::detail {
namespace {

constexpr std::size_t max_name = 255;  // bytes: netCDF's NC_MAX_NAME

// netCDF's rules, https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html (the grammar's `name`).
void expect_name(const char* what, const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_wide = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  const auto is_forbidden = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const bool good = !name.empty() && name.size() <= max_name && name.back() != ' ' && std::ranges::none_of(name, is_forbidden) &&
                    (is_letter(name[0]) || is_digit(name[0]) || name[0] == '_' || is_wide(name[0])) && printable(name) == name;
  if (!good) {
    throw UsageError(
        "the {} '{}' cannot be written under this name (a netCDF name is UTF-8 of 1 to {} bytes, begins with a letter, a digit "
        "or "
        "'_', and has no '/'); choose another",
        what, printable(name), max_name);
  }
}

FileDim* find_dim(FileLayout& layout, const std::string& name) {
  const auto found = std::ranges::find(layout.dims, name, &FileDim::name);
  return found == layout.dims.end() ? nullptr : &*found;
}

void add_dims(FileLayout& layout, const ResultVariable& variable) {
  XYLEM_EXPECT(variable.dims.size() == variable.shape.size(), "a result has an extent for each dim");
  for (std::size_t i = 0; i < variable.dims.size(); ++i) {
    const FileDim* known = find_dim(layout, variable.dims[i]);
    if (known == nullptr) {
      expect_name("dim", variable.dims[i]);
      layout.dims.push_back({variable.dims[i], variable.shape[i], &variable});
    } else if (known->size != variable.shape[i]) {
      throw UsageError(
          "the results '{}' and '{}' cannot be in one file (their dims '{}' have {} and {} elements); choose as many with sel or "
          "isel, or write two files",
          printable(known->owner->name), printable(variable.name), printable(known->name), known->size, variable.shape[i]);
    }
  }
}

// The dims that the file has already; what results have of their own must not be called as something in it.
void join_dims(FileLayout& layout, const std::vector<ResultVariable>& variables, const ExistingFile& existing) {
  for (FileDim& dim : layout.dims) {
    if (existing.find(dim.name) == nullptr) continue;
    const DatasetInfo* there = existing.find_dim(dim.name);
    if (there == nullptr) {
      throw UsageError(
          "the result '{}' cannot be added to '{}' (its dim '{}' is called as something else there); choose another name",
          printable(dim.owner->name), printable(existing.path()), printable(dim.name));
    }
    if (there->shape[0] != dim.size) {
      throw UsageError(
          "the result '{}' cannot be added to '{}' (its dim '{}' has {} elements, and {} there); choose as many with sel or "
          "isel, or "
          "write another file",
          printable(dim.owner->name), printable(existing.path()), printable(dim.name), dim.size, there->shape[0]);
    }
    dim.exists = true;
  }
  for (const ResultVariable& variable : variables) {
    if (existing.find(variable.name) == nullptr) continue;
    throw UsageError(
        "the result '{}' cannot be added to '{}' (there is one of this name already); choose another name, or write "
        "another file",
        printable(variable.name), printable(existing.path()));
  }
}

// False for times that count differently, whose numbers cannot be compared.
bool same_time_units(const Attributes& a, const Attributes& b) {
  const auto mine = time_units(a), theirs = time_units(b);
  return !mine || !theirs || *mine == *theirs;
}

std::string units_of(const Attributes& attributes) { return printable(attributes.at("units").as_string().value_or("")); }

void join_labels(FileLayout& layout, const ExistingFile& existing) {
  for (FileDim& dim : layout.dims) {
    if (!dim.exists || dim.labels == nullptr) continue;
    const std::optional<LabelValues> there = existing.values(*existing.find_dim(dim.name));
    if (!there) {
      layout.warnings.push_back("the labels of the dim '" + printable(dim.name) + "' are left out (the file has it without)");
    } else if (const Attributes& attributes = existing.find_dim(dim.name)->attributes;
               !same_time_units(dim.labels->attributes, attributes)) {
      throw UsageError(
          "the result '{}' cannot be added to '{}' (its coord '{}' is in '{}', and in '{}' there); write another file",
          printable(dim.labeller->name), printable(existing.path()), printable(dim.name), units_of(dim.labels->attributes),
          units_of(attributes));
    } else if (const auto i = first_difference(*there, dim.labels->values)) {
      throw UsageError(
          "the result '{}' cannot be added to '{}' (its coord '{}' differs first at index {}: {}, and {} there); choose the same "
          "with "
          "sel or isel, or write another file",
          printable(dim.labeller->name), printable(existing.path()), printable(dim.name), *i,
          format_label(dim.labels->values, *i), format_label(*there, *i));
    }
  }
}

// True for a coord that the file has just so.
bool is_there(const ResultCoord& coord, const ExistingFile& existing) {
  const ObjectInfo* object = existing.find(coord.name);
  if (object == nullptr || !object->dataset || object->dataset->ndim() != coord.dims.size()) return false;
  const std::optional<LabelValues> there = existing.values(*object->dataset);
  return there && size_of(*there) == size_of(coord.values) && !first_difference(*there, coord.values);
}

void add_labels(FileLayout& layout, const ResultVariable& variable) {
  for (const ResultCoord& coord : variable.coords) {
    if (!coord.is_index()) continue;
    FileDim* dim = find_dim(layout, coord.name);
    XYLEM_EXPECT(dim != nullptr && static_cast<std::int64_t>(size_of(coord.values)) == dim->size, "labels run along their dim");
    if (dim->labels == nullptr) {
      dim->labels = &coord;
      dim->labeller = &variable;
    } else if (!same_time_units(dim->labels->attributes, coord.attributes)) {
      throw UsageError(
          "the results '{}' and '{}' cannot be in one file (their coords '{}' are in '{}' and in '{}'); write two files",
          printable(dim->labeller->name), printable(variable.name), printable(coord.name), units_of(dim->labels->attributes),
          units_of(coord.attributes));
    } else if (const auto i = first_difference(dim->labels->values, coord.values)) {
      throw UsageError(
          "the results '{}' and '{}' cannot be in one file (their coords '{}' differ first at index {}: {} and {}); choose the "
          "same with sel or isel, or write two files",
          printable(dim->labeller->name), printable(variable.name), printable(coord.name), *i,
          format_label(dim->labels->values, *i), format_label(coord.values, *i));
    }
  }
}

bool same_values(const ResultCoord& a, const ResultCoord& b) {
  return a.dims == b.dims && same_time_units(a.attributes, b.attributes) && size_of(a.values) == size_of(b.values) &&
         !first_difference(a.values, b.values);
}

// The coords that label no dim, as far as all results that have them agree.
void add_coords(FileLayout& layout, const std::vector<ResultVariable>& variables, const ExistingFile* existing) {
  std::set<std::string> left_out;
  const auto leave_out = [&](const std::string& name, const std::string& why) {
    if (left_out.insert(name).second)
      layout.warnings.push_back("the coord '" + printable(name) + "' is left out of the file (" + why + ")");
  };
  for (const ResultVariable& variable : variables) {
    for (const ResultCoord& coord : variable.coords) {
      if (coord.is_index()) continue;
      expect_name("coord", coord.name);
      XYLEM_EXPECT(coord.dims.size() <= 1, "known values run along one dim at most");
      const auto known = std::ranges::find(layout.coords, coord.name, [](const ResultCoord* item) { return item->name; });
      if (find_dim(layout, coord.name) != nullptr) {
        leave_out(coord.name, "another result has a dim of this name");
      } else if (known == layout.coords.end()) {
        layout.coords.push_back(&coord);
      } else if (!same_values(**known, coord)) {
        leave_out(coord.name, "it differs between results");
      }
    }
  }
  for (const ResultCoord* coord : layout.coords) {
    if (existing != nullptr && existing->find(coord->name) != nullptr && !is_there(*coord, *existing))
      leave_out(coord->name, "the file has another of this name");
  }
  std::erase_if(layout.coords, [&](const ResultCoord* coord) {
    return left_out.contains(coord->name) || (existing != nullptr && existing->find(coord->name) != nullptr);
  });
  for (const ResultVariable& variable : variables) {
    std::vector<std::string>& names = layout.coordinates.emplace_back();
    for (const ResultCoord& coord : variable.coords) {
      if (!coord.is_index() && !left_out.contains(coord.name)) names.push_back(coord.name);
    }
    std::ranges::sort(names);
  }
}

void expect_different_names(FileLayout& layout, const std::vector<ResultVariable>& variables) {
  std::set<std::string> names;
  for (const ResultVariable& variable : variables) {
    if (!names.insert(variable.name).second)
      throw UsageError("there are two results '{}'; give each a name of its own", printable(variable.name));
    if (const FileDim* dim = find_dim(layout, variable.name)) {
      throw UsageError("the result '{}' has the name of a dim of '{}', which a file cannot hold; choose another name",
                       printable(variable.name), printable(dim->owner->name));
    }
    for (const ResultVariable& other : variables) {
      if (std::ranges::find(other.coords, variable.name, &ResultCoord::name) == other.coords.end()) continue;
      throw UsageError("the result '{}' has the name of a coord of '{}', which a file cannot hold; choose another name",
                       printable(variable.name), printable(other.name));
    }
  }
}

}  // namespace

FileLayout lay_out(const std::vector<ResultVariable>& variables, const ExistingFile* existing) {
  FileLayout layout;
  for (const ResultVariable& variable : variables) expect_name("result", variable.name);
  for (const ResultVariable& variable : variables) add_dims(layout, variable);
  expect_different_names(layout, variables);
  if (existing != nullptr) join_dims(layout, variables, *existing);
  for (const ResultVariable& variable : variables) add_labels(layout, variable);
  if (existing != nullptr) join_labels(layout, *existing);
  add_coords(layout, variables, existing);
  return layout;
}

}  // namespace xylem::detail

namespace xylem {

void expect_result_name(const std::string& name) { detail::expect_name("result", name); }

}  // namespace xylem
