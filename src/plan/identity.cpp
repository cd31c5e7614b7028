#include "detail/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>

namespace xylem::detail {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // Clang before 17 deduces nothing for aggregates

std::string text_of(const Number& value) {
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("d{:x}", std::bit_cast<std::uint64_t>(*real));
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("i{}", *whole);
  return fmt::format("u{}", std::get<std::uint64_t>(value));
}

std::string text_of(const CfDecoding& decoding) {
  const auto optional = [](const auto& value) { return value ? text_of(Number(*value)) : std::string("-"); };
  std::string text = fmt::format("{} {} {} {} {} {} {} {}", static_cast<int>(decoding.signedness), optional(decoding.valid_min),
                                 optional(decoding.valid_max), optional(decoding.unpacked_min), optional(decoding.unpacked_max),
                                 decoding.scaled, text_of(decoding.scale_factor), text_of(decoding.add_offset));
  for (const Number& missing : decoding.missing) text += " " + text_of(missing);
  return text;
}

std::string text_of(const AxisSelection& selection) {
  if (const auto* position = std::get_if<std::int64_t>(&selection)) return fmt::format("{}", *position);
  if (const auto* stride = std::get_if<Stride>(&selection)) {
    return fmt::format("{}:{}:{}", stride->start, stride->step, stride->count);
  }
  return fmt::format("[{}]", fmt::join(std::get<std::vector<std::int64_t>>(selection), ","));
}

}  // namespace

std::size_t Identity::of(const Array& array) {
  const ArrayNode& node = array.node();
  const auto known = known_.find(&node);
  if (known != known_.end()) return known->second;
  std::string key = fmt::format("{} {}", node.kind.index(), static_cast<int>(node.dtype));
  for (const Dim& dim : node.dims) key += fmt::format(" {}\n{}", dim.name, dim.size);
  for (const Array& input : inputs_of(node)) key += fmt::format(" #{}", of(input));
  key += std::visit(
      Overloaded{[](const SourceNode& source) {
                   return fmt::format(" {}\n{}\n{}", source.info->ref.file, source.info->ref.path, text_of(source.decoding));
                 },
                 [](const ConstantNode& constant) { return " " + text_of(constant.value); },
                 [](const CoordinateNode& coord) { return fmt::format(" {}", static_cast<const void*>(coord.values.get())); },
                 [](const ElementwiseNode& apply) {
                   std::string types =
                       fmt::format(" {} {}", static_cast<int>(apply.operation), static_cast<const void*>(apply.custom.get()));
                   for (const ElementType type : apply.types.inputs) types += fmt::format(" {}", static_cast<int>(type));
                   return types;
                 },
                 [](const IselNode& isel) {
                   std::string selections;
                   for (const AxisSelection& axis : isel.axes) selections += " " + text_of(axis);
                   return selections;
                 },
                 [](const ConcatNode& concat) { return fmt::format(" {}\n{}", concat.dim, concat.is_new); },
                 [](const ReductionNode& reduction) {
                   return fmt::format(" {} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(reduction.reduction),
                                      static_cast<const void*>(reduction.custom.get()), fmt::join(reduction.dims, "\n"),
                                      reduction.weighted, reduction.skipna, reduction.ddof, reduction.min_count,
                                      reduction.keepdims, text_of(Number(reduction.quantile.q)), reduction.quantile.shift,
                                      reduction.quantile.bits);
                 },
                 [](const auto&) { return std::string(); }},
      node.kind);
  const std::size_t id = ids_.emplace(key, ids_.size()).first->second;
  held_.push_back(array);
  return known_[&node] = id;
}

}  // namespace xylem::detail
