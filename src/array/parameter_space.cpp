#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
Array stacked(const std::vector<ParameterDim>& dims, std::vector<Array> arrays) {
  for (std::size_t d = dims.size(); d-- > 0;) {
    const std::size_t extent = size_of(dims[d].values);
    std::vector<Array> rows;
    for (std::size_t begin = 0; begin < arrays.size(); begin += extent) {
      const std::vector<Array> row(arrays.begin() + static_cast<std::ptrdiff_t>(begin),
                                   arrays.begin() + static_cast<std::ptrdiff_t>(begin + extent));
      rows.push_back(assign_coord(concat(row, dims[d].name), dims[d].name, dims[d].values));
    }
    arrays = std::move(rows);
  }
  return arrays.at(0);
}

// The part of a space that is wanted, its places in row-major order.
class Subspace {
 public:
  Subspace(const ParameterSpace& space, const std::map<std::string, std::vector<std::int64_t>>& chosen) {
    for (const auto& [name, positions] : chosen) {
      if (std::ranges::find(space.dims, name, &ParameterDim::name) != space.dims.end()) continue;
      std::vector<std::string> names;
      for (const ParameterDim& dim : space.dims) names.push_back(dim.name);
      throw UsageError("the sweep has no parameter '{}'{}", printable(name), did_you_mean(name, names));
    }
    for (const ParameterDim& dim : space.dims) {
      const auto extent = static_cast<std::int64_t>(size_of(dim.values));
      std::vector<std::int64_t>& positions = positions_.emplace_back();
      if (const auto found = chosen.find(dim.name); found != chosen.end()) {
        positions = found->second;
      } else {
        for (std::int64_t i = 0; i < std::min(extent, max_parameter_states + 1); ++i) positions.push_back(i);
      }
      for (const std::int64_t position : positions) {
        if (position >= 0 && position < extent) continue;
        throw UsageError("position {} is outside the parameter '{}' of {} values", position, printable(dim.name), extent);
      }
      if (positions.empty()) throw UsageError("no value of the parameter '{}' is chosen", printable(dim.name));
      dims_.push_back({dim.name, detail::take(dim.values, positions)});
      if (__builtin_mul_overflow(size_, std::ssize(positions), &size_) || size_ > max_parameter_states) {
        throw UsageError("the sweep has more than {} states: choose a subspace", max_parameter_states);
      }
    }
  }

  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] const std::vector<ParameterDim>& dims() const { return dims_; }

  /// In the whole space, of place i.
  [[nodiscard]] std::vector<std::int64_t> positions(std::int64_t i) const {
    std::vector<std::int64_t> result(positions_.size());
    for (std::size_t d = result.size(); d-- > 0;) {
      result[d] = positions_[d][static_cast<std::size_t>(i % std::ssize(positions_[d]))];
      i /= std::ssize(positions_[d]);
    }
    return result;
  }

 private:
  std::vector<std::vector<std::int64_t>> positions_;
  std::vector<ParameterDim> dims_;
  std::int64_t size_ = 1;
};

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

Array combine_states(const Group& group, const ParameterSpace& space, const StateCombineOptions& options,
                     const std::function<Array(const Container&)>& array_of, std::vector<std::string>* notes) {
  const std::int64_t all = space.num_states();
  const Subspace wanted(space, options.subspace);
  std::map<std::int64_t, const Group*> members;
  for (const auto& member : group.members()) {
    const auto number = state_of(member->name());
    if (number && *number < all) members.emplace(*number, dynamic_cast<const Group*>(member.get()));
  }
  std::vector<CombinePart> parts;
  std::vector<std::optional<std::size_t>> part_of;  // by place in the subspace
  for (std::int64_t i = 0; i < wanted.size(); ++i) {
    const std::int64_t state = space.state(wanted.positions(i));
    const auto found = members.find(state);
    const Group* member = found == members.end() ? nullptr : found->second;
    const auto* container = member == nullptr ? nullptr : dynamic_cast<const Container*>(member->find(options.field));
    part_of.push_back(container == nullptr ? std::nullopt : std::optional(parts.size()));
    if (container != nullptr) {
      parts.push_back({container->info().ref.describe(), array_of(*container)});
    } else if (options.method == CombineMethod::concat) {
      throw UsageError("state {} of the sweep in '{}' has no dataset '{}': merge takes it as missing", state,
                       printable(group.path()), printable(options.field));
    }
  }
  if (parts.empty()) {
    throw UsageError("no state of the sweep in '{}' has a dataset '{}'", printable(group.path()), printable(options.field));
  }
  if (notes != nullptr && parts.size() < part_of.size()) {
    notes->push_back(fmt::format("{} of the {} states of the sweep in '{}' are missing", part_of.size() - parts.size(),
                                 part_of.size(), printable(group.path())));
  }
  detail::expect_same_dims(parts);
  const std::vector<Array> aligned = detail::aligned(parts, {}, options.join);
  const Array gap = detail::missing(aligned[0], {}, 0);
  std::vector<Array> arrays;
  for (const auto& part : part_of) arrays.push_back(part ? aligned[*part] : gap);
  return stacked(wanted.dims(), std::move(arrays));
}

}  // namespace xylem
