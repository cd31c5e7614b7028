#include "detail/job_subspace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <variant>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem::detail {
namespace {

double real(const JobYaml& yaml, const YAML::Node& node, const std::string& what) {
  double value = 0;
  if (!node.IsScalar() || node.Tag() == "!" || !YAML::convert<double>::decode(node, value)) {
    yaml.fail(node, fmt::format("{} is a number", what));
  }
  return value;
}

// Python's slice: one part is the stop.
JobSlice read_slice(const JobYaml& yaml, const YAML::Node& node, bool by_position) {
  std::vector<YAML::Node> parts{node};
  if (node.IsSequence()) parts = yaml.items(node, "!slice");
  if (parts.empty() || parts.size() > 3) yaml.fail(node, "!slice is [start, stop, step], any of them null");
  const auto bound = [&](std::size_t i) -> std::optional<double> {
    if (i >= parts.size() || parts[i].IsNull()) return std::nullopt;
    return by_position ? static_cast<double>(yaml.integer(parts[i], "a position")) : real(yaml, parts[i], "a bound");
  };
  JobSlice slice{parts.size() > 1 ? bound(0) : std::nullopt, bound(parts.size() > 1 ? 1 : 0)};
  if (parts.size() > 2 && !parts[2].IsNull()) slice.step = yaml.integer(parts[2], "a step");
  if (slice.step && *slice.step < 1) yaml.fail(parts[2], "a step is at least 1");
  return slice;
}

// Every step-th of these.
std::vector<std::int64_t> stepped(const std::vector<std::int64_t>& positions, const JobSlice& slice) {
  std::vector<std::int64_t> some;
  const std::int64_t step = std::min<std::int64_t>(slice.step.value_or(1), max_parameter_states);
  for (std::int64_t i = 0; i < std::ssize(positions); i += step) some.push_back(positions[static_cast<std::size_t>(i)]);
  return some;
}

std::vector<std::int64_t> sliced_positions(const JobSlice& slice, std::int64_t size) {
  const auto bound = [&](const std::optional<double>& given, std::int64_t otherwise) {
    if (!given) return otherwise;
    const auto at = static_cast<std::int64_t>(std::clamp(*given, -1e15, 1e15));
    return std::clamp(at < 0 ? at + size : at, std::int64_t{0}, size);
  };
  std::vector<std::int64_t> positions;
  for (std::int64_t i = bound(slice.start, 0); i < bound(slice.stop, size); ++i) positions.push_back(i);
  return stepped(positions, slice);
}

std::vector<std::int64_t> sliced_values(const JobSlice& slice, const ParameterDim& dim) {
  std::vector<std::int64_t> positions;
  const auto collect = [&](const auto& values) {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(values[0])>>) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto value = static_cast<double>(values[i]);
        const bool inside = (!slice.start || value >= *slice.start) && (!slice.stop || value < *slice.stop);
        if (inside) positions.push_back(static_cast<std::int64_t>(i));
      }
    } else {
      throw UsageError("the values of the parameter '{}' are texts: a slice of values is of numbers", printable(dim.name));
    }
  };
  std::visit(collect, dim.values);
  return stepped(positions, slice);
}

// The values that are close to one of those that are wanted.
std::vector<std::int64_t> chosen_values(const JobSubspace& wanted, const ParameterDim& dim) {
  std::vector<std::int64_t> positions;
  const auto find = [&](const auto& values, const auto& all) {
    using Value = std::decay_t<decltype(values[0])>;
    using Other = std::decay_t<decltype(all[0])>;
    for (const Value& value : values) {
      const std::size_t before = positions.size();
      if constexpr (std::is_arithmetic_v<Value> == std::is_arithmetic_v<Other>) {
        for (std::size_t i = 0; i < all.size(); ++i) {
          bool close = false;
          if constexpr (std::is_arithmetic_v<Value>) {
            const auto other = static_cast<double>(all[i]);
            close =
                value == all[i] || std::abs(static_cast<double>(value) - other) <= wanted.atol + wanted.rtol * std::abs(other);
          } else {
            close = value == all[i];
          }
          if (close) positions.push_back(static_cast<std::int64_t>(i));
        }
      }
      if (positions.size() == before) throw UsageError("the parameter '{}' has no value {}", printable(wanted.dim), value);
    }
  };
  std::visit(find, wanted.chosen, dim.values);
  return positions;
}

}  // namespace

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

JobSubspace read_subspace(const JobYaml& yaml, const std::string& dim, const YAML::Node& node) {
  JobSubspace wanted{dim};
  YAML::Node chosen = node;
  if (node.IsMap()) {
    for (const auto& [key, value] : yaml.entries(node, "a subspace")) {
      const std::string& name = key.Scalar();
      if (name != "loc" && name != "idx" && name != "rtol" && name != "atol") {
        yaml.fail(key, fmt::format("a subspace has no key '{}': its keys are loc, idx, rtol, atol", printable(name)));
      }
      if (name == "rtol" || name == "atol") (name == "rtol" ? wanted.rtol : wanted.atol) = real(yaml, value, name);
    }
    if (node["loc"].IsDefined() == node["idx"].IsDefined()) yaml.fail(node, "a subspace chooses by 'loc' or by 'idx'");
    wanted.by_position = node["idx"].IsDefined();
    chosen.reset(node[wanted.by_position ? "idx" : "loc"]);
  }
  if (chosen.Tag() == "!slice") {
    wanted.slice = read_slice(yaml, chosen, wanted.by_position);
    return wanted;
  }
  YAML::Node list(YAML::NodeType::Sequence);
  if (chosen.IsSequence()) {
    list = chosen;
  } else {
    list.push_back(chosen);
  }
  const auto found = as_values(list);
  if (!found || (wanted.by_position && !std::holds_alternative<std::vector<std::int64_t>>(*found))) {
    yaml.fail(chosen, wanted.by_position ? "idx is a position, from 1, or a list of them, or !slice"
                                         : "a subspace chooses a value, a list of them, or !slice");
  }
  wanted.chosen = *found;
  return wanted;
}

std::vector<std::int64_t> positions_in(const ParameterSpace& space, const JobSubspace& wanted) {
  const auto dim = std::ranges::find(space.dims, wanted.dim, &ParameterDim::name);
  if (dim == space.dims.end()) return {};  // combine_states knows the dims
  const auto size = static_cast<std::int64_t>(size_of(dim->values));
  std::vector<std::int64_t> positions;
  if (wanted.slice) {
    positions = wanted.by_position ? sliced_positions(*wanted.slice, size) : sliced_values(*wanted.slice, *dim);
  } else if (wanted.by_position) {
    for (const std::int64_t idx : std::get<std::vector<std::int64_t>>(wanted.chosen)) {
      if (idx < 1 || idx > size) {
        throw UsageError("the parameter '{}' has the positions 1 to {}, not {}", printable(wanted.dim), size, idx);
      }
      positions.push_back(idx - 1);
    }
  } else {
    positions = chosen_values(wanted, *dim);
  }
  std::ranges::sort(positions);
  if (std::ranges::adjacent_find(positions) != positions.end()) {
    throw UsageError("a value of the parameter '{}' is chosen twice", printable(wanted.dim));
  }
  return positions;
}

}  // namespace xylem::detail
