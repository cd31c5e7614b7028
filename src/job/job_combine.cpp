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

// A list of integers, of numbers or of texts.
std::optional<LabelValues> as_values(const YAML::Node& node) {
  if (!node.IsSequence() || node.size() == 0) return std::nullopt;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;
  for (const auto& item : node) {
    if (!item.IsScalar()) return std::nullopt;
    const bool quoted = item.Tag() == "!";
    std::int64_t integer = 0;
    double real = 0;
    if (!quoted && YAML::convert<std::int64_t>::decode(item, integer)) integers.push_back(integer);
    if (!quoted && YAML::convert<double>::decode(item, real)) reals.push_back(real);
    texts.push_back(item.Scalar());
  }
  if (integers.size() == texts.size()) return integers;
  if (reals.size() == texts.size()) return reals;
  return texts;
}

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
  explicit Reader(const JobYaml& yaml) : yaml_(yaml) {}

  JobCombine entry(const YAML::Node& tag, const YAML::Node& node) const {
    yaml_.expect_keys(node, job_section("combine.TAG"));
    JobCombine combine;
    combine.tag = yaml_.text(tag, "a tag");
    combine.place = yaml_.place(tag);
    if (!node["group"]) yaml_.fail(node, "an entry of 'combine' needs a 'group'");
    combine.group = yaml_.text(node["group"], "group");
    if (node["field"]) combine.options.field = yaml_.text(node["field"], "field");
    constexpr std::array methods{"concat", "merge"};
    constexpr std::array joins{"exact", "inner", "outer"};
    CombineOptions& options = combine.options.combine;
    if (node["method"]) options.method = static_cast<CombineMethod>(yaml_.choice(node["method"], "method", methods));
    if (node["join"]) options.join = static_cast<Join>(yaml_.choice(node["join"], "join", joins));
    combine.is_sweep = node["pspace"].IsDefined();
    if (combine.is_sweep) {
      sweep(node, combine);
      return combine;
    }
    if (node["subspace"]) yaml_.fail(node["subspace"], "a subspace needs a 'pspace'");
    if (!node["dim"]) yaml_.fail(node, "an entry of 'combine' needs a 'dim', or a 'pspace'");
    options.dim = yaml_.text(node["dim"], "dim");
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
      JobSubspace wanted{name.Scalar()};
      YAML::Node values = chosen;
      if (chosen.IsMap()) {
        if (chosen.size() != 1 || (!chosen["loc"] && !chosen["idx"]))
          yaml_.fail(chosen, "a subspace chooses by 'loc' or by 'idx'");
        wanted.by_position = chosen["idx"].IsDefined();
        values.reset(chosen[wanted.by_position ? "idx" : "loc"]);
      }
      YAML::Node list(YAML::NodeType::Sequence);
      if (values.IsSequence()) {
        list = values;
      } else {
        list.push_back(values);
      }
      const auto found = as_values(list);
      const auto* positions = found ? std::get_if<std::vector<std::int64_t>>(&*found) : nullptr;
      if (!found || (wanted.by_position && positions == nullptr))
        yaml_.fail(values, "a subspace chooses a value or a list of them");
      if (wanted.by_position) {
        wanted.positions = *positions;
      } else {
        wanted.values = *found;
      }
      combine.subspace.push_back(std::move(wanted));
    }
  }

  const JobYaml& yaml_;
};

}  // namespace

std::vector<JobCombine> read_combine(const JobYaml& yaml, const YAML::Node& node) {
  std::vector<JobCombine> all;
  for (const auto& [tag, entry] : yaml.entries(node, "combine")) all.push_back(Reader(yaml).entry(tag, entry));
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

std::vector<std::int64_t> positions_in(const ParameterSpace& space, const JobSubspace& wanted) {
  const auto dim = std::ranges::find(space.dims, wanted.dim, &ParameterDim::name);
  if (wanted.by_position || dim == space.dims.end()) return wanted.positions;  // combine_states knows the dims
  std::vector<std::int64_t> positions;
  const auto find = [&](const auto& values, const auto& all) {
    using Value = std::decay_t<decltype(values[0])>;
    using Other = std::decay_t<decltype(all[0])>;
    for (const Value& value : values) {
      std::ptrdiff_t place = std::ssize(all);
      if constexpr (std::is_arithmetic_v<Value> == std::is_arithmetic_v<Other>) {
        place = std::ranges::find_if(all, [&](const Other& other) { return value == other; }) - all.begin();
      }
      if (place == std::ssize(all)) throw UsageError("the parameter '{}' has no value {}", printable(wanted.dim), value);
      positions.push_back(place);
    }
  };
  std::visit(find, wanted.values, dim->values);
  return positions;
}

}  // namespace xylem::detail
