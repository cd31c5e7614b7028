#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "xylem/array/combine.hpp"
#include "xylem/array/node.hpp"
#include "xylem/array/source.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/align.hpp"
#include "detail/build.hpp"

namespace xylem {
namespace {

std::optional<std::int64_t> state_of(const std::string& name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc() && end == name.data() + name.size() && number >= 0;
  return whole ? std::optional(number) : std::nullopt;
}

// Arrays in row-major order of the space, joined dim by dim, the last one first.
Array stacked(const ParameterSpace& space, std::vector<Array> arrays) {
  for (std::size_t d = space.dims.size(); d-- > 0;) {
    const std::size_t extent = size_of(space.dims[d].values);
    std::vector<Array> rows;
    for (std::size_t begin = 0; begin < arrays.size(); begin += extent) {
      const std::vector<Array> row(arrays.begin() + static_cast<std::ptrdiff_t>(begin),
                                   arrays.begin() + static_cast<std::ptrdiff_t>(begin + extent));
      rows.push_back(assign_coord(concat(row, space.dims[d].name), space.dims[d].name, space.dims[d].values));
    }
    arrays = std::move(rows);
  }
  return arrays.at(0);
}

}  // namespace

std::int64_t ParameterSpace::num_states() const {
  if (dims.empty()) throw UsageError("a parameter sweep without dims has one state: nothing to combine");
  std::int64_t states = 1;
  for (const ParameterDim& dim : dims) {
    const auto values = static_cast<std::int64_t>(size_of(dim.values));
    if (values == 0) throw UsageError("the parameter '{}' has no values", printable(dim.name));
    if (__builtin_mul_overflow(states, values + 1, &states)) throw UsageError("the sweep has more states than 63 bits can count");
  }
  return states;
}

std::int64_t ParameterSpace::state(const std::vector<std::int64_t>& positions) const {
  std::int64_t number = 0;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    number = number * (static_cast<std::int64_t>(size_of(dims[d].values)) + 1) + positions[d] + 1;
  }
  return number;
}

Array combine_states(const Group& group, const ParameterSpace& space, const std::string& field, CombineMethod method, Join join,
                     const std::function<Array(const Container&)>& array_of, std::vector<std::string>* notes) {
  const std::int64_t all = space.num_states();
  std::map<std::int64_t, const Node*> members;
  for (const auto& member : group.members()) {
    const auto number = state_of(member->name());
    if (number && *number < all) members.emplace(*number, member.get());
  }
  std::int64_t count = 1;
  for (const ParameterDim& dim : space.dims) count *= static_cast<std::int64_t>(size_of(dim.values));
  if (count > max_parameter_states) {
    throw UsageError("the sweep has {} states, more than {}: choose a subspace", count, max_parameter_states);
  }
  std::vector<CombinePart> parts;
  std::vector<std::optional<std::size_t>> part_of;  // by place in the space
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<std::int64_t> positions(space.dims.size());
    for (std::int64_t d = std::ssize(positions), rest = i; d-- > 0;) {
      const auto extent = static_cast<std::int64_t>(size_of(space.dims[static_cast<std::size_t>(d)].values));
      positions[static_cast<std::size_t>(d)] = rest % extent;
      rest /= extent;
    }
    const std::int64_t state = space.state(positions);
    const auto found = members.find(state);
    const auto* member = found == members.end() ? nullptr : dynamic_cast<const Group*>(found->second);
    const auto* container = member == nullptr ? nullptr : dynamic_cast<const Container*>(member->find(field));
    part_of.push_back(container == nullptr ? std::nullopt : std::optional(parts.size()));
    if (container != nullptr) {
      parts.push_back({container->info().ref.describe(), array_of(*container)});
    } else if (method == CombineMethod::concat) {
      throw UsageError("state {} of the sweep in '{}' has no dataset '{}': merge takes it as missing", state,
                       printable(group.path()), printable(field));
    }
  }
  if (parts.empty()) {
    throw UsageError("no state of the sweep in '{}' has a dataset '{}'", printable(group.path()), printable(field));
  }
  if (notes != nullptr && parts.size() < part_of.size()) {
    notes->push_back(fmt::format("{} of the {} states of the sweep in '{}' are missing", part_of.size() - parts.size(),
                                 part_of.size(), printable(group.path())));
  }
  const std::vector<Array> aligned = detail::aligned(parts, {}, join);
  const Array gap = detail::missing(aligned[0], {}, 0);
  std::vector<Array> arrays;
  for (const auto& part : part_of) arrays.push_back(part ? aligned[*part] : gap);
  return stacked(space, std::move(arrays));
}

}  // namespace xylem
