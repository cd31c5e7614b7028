#include "detail/job_combine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/labels.hpp"

namespace xylem::detail {
namespace {

LabelValues values_of(const AttributeValue::Data& data) {
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&data)) return *integers;
  return AttributeValue{.data = data}.as_doubles().value();
}

// Values of a dim that are given by the arguments of Python's range, or NumPy's linspace or logspace.
LabelValues spaced_values(CoordMode mode, const YAML::Node& arguments, const std::string& name) {
  Coord coord;
  coord.name = name;
  coord.mode = mode;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  for (const auto& item : arguments) {
    std::int64_t integer = 0;
    double real = 0;
    if (YAML::convert<std::int64_t>::decode(item, integer)) integers.push_back(integer);
    if (!YAML::convert<double>::decode(item, real)) throw UsageError("the values of '{}' are no numbers", printable(name));
    reals.push_back(real);
  }
  const bool whole = integers.size() == reals.size();
  // As many as Python and NumPy would make of them, before memory is asked for.
  double count = reals.size() > 2 ? reals[2] : 50;
  if (mode == CoordMode::range) {
    const double first = reals.size() > 1 ? reals[0] : 0, last = reals.empty() ? 0 : reals[reals.size() > 1 ? 1 : 0];
    count = (last - first) / (reals.size() > 2 ? reals[2] : 1);
  }
  if (count > static_cast<double>(max_parameter_states)) {
    throw UsageError("the parameter '{}' has {} values, and {} are the most", printable(name), count, max_parameter_states);
  }
  coord.argument.data = whole ? AttributeValue::Data(integers) : AttributeValue::Data(reals);
  coord.argument.shape = {static_cast<std::int64_t>(reals.size())};
  coord.argument.dtype.type_class = whole ? TypeClass::integer : TypeClass::floating;
  coord.argument.dtype.size = 8;
  return values_of(coord.values());
}

LabelValues dim_values(const YAML::Node& node, const std::string& name) {
  constexpr std::array modes{std::pair("range", CoordMode::range), std::pair("linspace", CoordMode::linspace),
                             std::pair("logspace", CoordMode::logspace)};
  if (const YAML::Node values = node["values"]) {
    if (auto found = as_values(values)) return *found;
    throw UsageError("the values of '{}' are no list of numbers or texts", printable(name));
  }
  for (const auto& [key, mode] : modes) {
    if (const YAML::Node arguments = node[key]; arguments && arguments.IsSequence()) return spaced_values(mode, arguments, name);
  }
  throw UsageError("the parameter '{}' has no 'values', 'range', 'linspace' or 'logspace'", printable(name));
}

struct Found {
  double order;
  std::vector<std::string> keys;
  ParameterDim dim;
};

void find_dims(const YAML::Node& node, std::vector<std::string>& keys, std::vector<Found>& found, int depth) {
  constexpr int deepest = 100;
  if (depth > deepest) throw UsageError("a parameter space is nested more than {} deep", deepest);
  const std::string& tag = node.Tag();
  if (node.IsMap() && (tag == "!pdim" || tag == "!sweep")) {
    const std::string name = node["name"] ? node["name"].as<std::string>() : keys.empty() ? "" : keys.back();
    found.push_back({node["order"] ? node["order"].as<double>() : 0, keys, {name, dim_values(node, name)}});
    return;
  }
  std::size_t place = 0;
  for (const auto& entry : node) {
    if (!node.IsMap() && !node.IsSequence()) return;
    keys.push_back(node.IsMap() ? entry.first.Scalar() : fmt::format("{}", place++));
    find_dims(node.IsMap() ? entry.second : entry, keys, found, depth + 1);
    keys.pop_back();
  }
}

class Reader {
 public:
  Reader(const JobYaml& yaml, bool may_be_typed) : yaml_(yaml), may_be_typed_(may_be_typed) {}

  JobCombine entry(const YAML::Node& tag, const YAML::Node& node) const {
    yaml_.expect_keys(node, job_section("combine.TAG"));
    JobCombine combine;
    combine.tag = yaml_.text(tag, "a tag");
    combine.place = yaml_.place(tag);
    if (!node["group"]) yaml_.fail(node, "an entry of 'combine' needs a 'group'");
    combine.group = yaml_.text(node["group"], "group");
    if (node["field"] && node["fields"]) yaml_.fail(node["fields"], "'field' is there already: name one, or several");
    if (node["field"]) combine.options.field = yaml_.text(node["field"], "field");
    // dantro's try_concat and auto are merge here, which keeps the type where nothing is missing.
    constexpr std::array methods{"concat", "merge", "try_concat", "auto"};
    constexpr std::array joins{"exact", "inner", "outer"};
    CombineOptions& options = combine.options.combine;
    if (node["method"]) {
      options.method = yaml_.choice(node["method"], "method", methods) == 0 ? CombineMethod::concat : CombineMethod::merge;
    }
    if (node["join"]) options.join = static_cast<Join>(yaml_.choice(node["join"], "join", joins));
    combine.is_sweep = node["pspace"].IsDefined();
    if (combine.is_sweep) {
      sweep(node, combine);
      return combine;
    }
    if (node["subspace"]) yaml_.fail(node["subspace"], "a subspace needs a 'pspace'");
    if (const YAML::Node dim = node["dim"]; !dim) {
      if (!may_be_typed_) yaml_.fail(node, "an entry of 'combine' needs a 'dim', or a 'pspace'");
    } else if (dim.IsSequence()) {
      for (const YAML::Node& one : yaml_.items(dim, "dim")) combine.options.dims.push_back(yaml_.text(one, "a dim"));
      if (combine.options.dims.empty()) yaml_.fail(dim, "dim is empty: name a dim, or several");
    } else {
      options.dim = yaml_.text(dim, "dim");
    }
    if (node["coords_from"]) {
      const std::string text = yaml_.text(node["coords_from"], "coords_from");
      try {
        combine.options.labels_from = LabelSource::parse(text);
      } catch (const UsageError& error) {
        yaml_.fail(node["coords_from"], error.what());
      }
    }
    return combine;
  }

  /// The entry for one of its `fields`: NAME: path, or NAME: {path: .., dtype: ..}, as in dantro's ParamSpaceGroup.
  [[nodiscard]] JobCombine field(JobCombine combine, const YAML::Node& name, const YAML::Node& node) const {
    combine.tag += '/' + yaml_.text(name, "the name of a field");
    combine.place = yaml_.place(name);
    if (!node.IsMap()) {
      combine.options.field = yaml_.text(node, "a field");
      return combine;
    }
    for (const auto& [key, value] : yaml_.entries(node, "a field")) {
      if (key.Scalar() != "path" && key.Scalar() != "dtype") {
        yaml_.fail(key, fmt::format("a field has no key '{}': its keys are path, dtype; what dims and transform do in dantro, "
                                    "operations do here",
                                    printable(key.Scalar())));
      }
    }
    if (!node["path"]) yaml_.fail(node, "a field needs a 'path'");
    combine.options.field = yaml_.text(node["path"], "path");
    if (node["dtype"]) {
      const std::string type = yaml_.text(node["dtype"], "dtype");
      combine.dtype = find_element_type(type);
      if (!combine.dtype)
        yaml_.fail(node["dtype"],
                   fmt::format("no type '{}': there are bool, int8 to uint64, float16 to float64", printable(type)));
    }
    return combine;
  }

 private:
  void sweep(const YAML::Node& node, JobCombine& combine) const {
    for (const char* key : {"dim", "coords_from"}) {
      if (node[key]) yaml_.fail(node[key], fmt::format("a sweep has its dims from 'pspace': leave '{}' out", key));
    }
    const YAML::Node space = node["pspace"];
    if (space.IsMap()) {
      combine.space.emplace();
      for (const auto& [name, values] : yaml_.entries(space, "pspace")) {
        auto found = as_values(values);
        if (!found) yaml_.fail(values, "the values of a parameter are a list of numbers or texts");
        combine.space->dims.push_back({name.Scalar(), std::move(*found)});
      }
    } else {
      constexpr std::array words{"attrs"};
      (void)yaml_.choice(space, "pspace (but for a mapping of parameters)", words);
    }
    if (!node["subspace"]) return;
    for (const auto& [name, chosen] : yaml_.entries(node["subspace"], "subspace")) {
      combine.subspace.push_back(read_subspace(yaml_, name.Scalar(), chosen));
    }
  }

  const JobYaml& yaml_;
  bool may_be_typed_;
};

}  // namespace

std::vector<JobCombine> read_combine(const JobYaml& yaml, const YAML::Node& node, bool may_be_typed) {
  std::vector<JobCombine> all;
  for (const auto& [tag, entry] : yaml.entries(node, "combine")) {
    const Reader reader(yaml, may_be_typed);
    const JobCombine combine = reader.entry(tag, entry);
    if (entry["fields"]) {
      for (const auto& [name, field] : yaml.entries(entry["fields"], "fields")) {
        all.push_back(reader.field(combine, name, field));
      }
    } else {
      all.push_back(combine);
    }
  }
  return all;
}

ParameterSpace parameter_space(const YAML::Node& node) {
  std::vector<Found> found;
  std::vector<std::string> keys;
  try {
    find_dims(node, keys, found, 0);
  } catch (const YAML::Exception& error) {
    throw UsageError("a parameter space cannot be read: {}", printable(error.msg));
  }
  std::ranges::stable_sort(found, {}, [](const Found& dim) { return std::tie(dim.order, dim.keys); });
  ParameterSpace space;
  for (Found& dim : found) space.dims.push_back(std::move(dim.dim));
  if (space.dims.empty()) throw UsageError("the parameter space has no dims: nothing in it is tagged !pdim");
  return space;
}

}  // namespace xylem::detail
