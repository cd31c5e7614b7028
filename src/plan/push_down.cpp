#include "detail/push_down.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "xylem/array/node.hpp"

namespace xylem::detail {
namespace {

// By name of a dim what is chosen of it; dims that are taken as they are have no entry.
using Selections = std::map<std::string, AxisSelection>;

Stride all_of(const Dim& dim) { return {0, 1, dim.size}; }

// The extent that a selection leaves; nothing where the dim goes.
std::optional<std::int64_t> extent_of(const AxisSelection& selection) {
  if (const auto* stride = std::get_if<Stride>(&selection)) return stride->count;
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&selection)) return std::ssize(*list);
  return std::nullopt;
}

std::int64_t position_of(const AxisSelection& selection, std::int64_t i) {
  if (const auto* stride = std::get_if<Stride>(&selection)) return stride->start + stride->step * i;
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&selection)) return (*list)[static_cast<std::size_t>(i)];
  return std::get<std::int64_t>(selection);
}

// Indices [begin, end) of what a selection chooses, counted from another position.
AxisSelection part_of(const AxisSelection& selection, std::int64_t begin, std::int64_t end, std::int64_t origin) {
  if (const auto* stride = std::get_if<Stride>(&selection)) {
    return Stride{position_of(*stride, begin) - origin, stride->step, end - begin};
  }
  std::vector<std::int64_t> positions;
  for (std::int64_t i = begin; i < end; ++i) positions.push_back(position_of(selection, i) - origin);
  return positions;
}

// The end of the indices from `begin` on that lead to positions within [first, second).
std::int64_t end_within(const AxisSelection& selection, std::int64_t begin, std::pair<std::int64_t, std::int64_t> range) {
  const std::int64_t first = position_of(selection, begin), count = *extent_of(selection);
  if (const auto* stride = std::get_if<Stride>(&selection)) {
    const std::int64_t room =
        stride->step > 0 ? (range.second - 1 - first) / stride->step : (first - range.first) / -stride->step;
    return std::min(count, begin + room + 1);
  }
  std::int64_t end = begin + 1;
  while (end < count && position_of(selection, end) >= range.first && position_of(selection, end) < range.second) ++end;
  return end;
}

// What `outer` chooses of what `inner` chooses.
AxisSelection composed(const AxisSelection& inner, const AxisSelection& outer) {
  if (const auto* one = std::get_if<std::int64_t>(&outer)) return position_of(inner, *one);
  const auto* stride = std::get_if<Stride>(&inner);
  const auto* steps = std::get_if<Stride>(&outer);
  if (stride != nullptr && steps != nullptr) {
    if (steps->count == 0) return Stride{0, 1, 0};
    return Stride{position_of(*stride, steps->start), stride->step * steps->step, steps->count};
  }
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < *extent_of(outer); ++i) positions.push_back(position_of(inner, position_of(outer, i)));
  return positions;
}

std::vector<Dim> selected(const std::vector<Dim>& dims, const Selections& selections) {
  std::vector<Dim> result;
  for (const Dim& dim : dims) {
    const auto chosen = selections.find(dim.name);
    const auto extent = chosen == selections.end() ? std::optional(dim.size) : extent_of(chosen->second);
    if (extent) result.push_back({dim.name, *extent});
  }
  return result;
}

Selections among(const Selections& selections, const std::vector<Dim>& dims) {
  Selections result;
  for (const Dim& dim : dims) {
    const auto found = selections.find(dim.name);
    if (found != selections.end()) result.insert(*found);
  }
  return result;
}

// Plans read no coords and no attributes: arrays are made anew without.
Array make(std::vector<Dim> dims, ElementType dtype, NodeKind kind) {
  ArrayNode node{std::move(dims), dtype, {}, {}, std::move(kind)};
  for (const Array& input : inputs_of(node)) node.depth = std::max(node.depth, input.node().depth + 1);
  return Array(std::make_shared<const ArrayNode>(std::move(node)));
}

Array chosen(const Array& array, const Selections& selections) {
  if (selections.empty()) return array;
  std::vector<AxisSelection> axes;
  for (const Dim& dim : array.dims()) {
    const auto found = selections.find(dim.name);
    axes.push_back(found == selections.end() ? AxisSelection(all_of(dim)) : found->second);
  }
  return make(selected(array.dims(), selections), array.dtype(), IselNode{array, std::move(axes)});
}

class PushDown {
 public:
  /// The array's elements that the selections of its dims choose, in the order of its dims. Nodes are known by address: those of
  /// the array that is planned, which lives on.
  Array rewrite(const Array& array, const Selections& selections) {
    const auto known = known_.find({&array.node(), selections});
    if (known != known_.end()) return known->second;
    Array result = reduces(array) ? rewritten(array, selections) : chosen(array, selections);
    known_.emplace(std::pair(&array.node(), selections), result);
    return result;
  }

 private:
  // What is made of no reduction is evaluated wherever it is asked for: its selections reach the chunks as they are.
  bool reduces(const Array& array) {
    const auto known = reduces_.find(&array.node());
    if (known != reduces_.end()) return known->second;
    const auto inputs = inputs_of(array.node());
    const bool result = std::holds_alternative<ReductionNode>(array.node().kind) ||
                        std::ranges::any_of(inputs, [&](const Array& input) { return reduces(input); });
    return reduces_[&array.node()] = result;
  }

  Array rewritten(const Array& array, const Selections& selections) {
    const ArrayNode& node = array.node();
    const auto again = [&](NodeKind kind) { return make(selected(node.dims, selections), node.dtype, std::move(kind)); };
    if (const auto* isel = std::get_if<IselNode>(&node.kind)) return rewrite(isel->input, below(*isel, selections));
    if (const auto* apply = std::get_if<ElementwiseNode>(&node.kind)) {
      return again(ElementwiseNode{apply->operation, apply->types, rewrite_all(apply->inputs, selections), apply->custom});
    }
    if (const auto* cast = std::get_if<CastNode>(&node.kind)) return again(CastNode{rewrite(cast->input, selections)});
    if (const auto* transpose = std::get_if<TransposeNode>(&node.kind)) {
      return again(TransposeNode{rewrite(transpose->input, selections)});
    }
    if (const auto* rename = std::get_if<RenameNode>(&node.kind)) {
      Selections inner;
      for (std::size_t d = 0; d < node.dims.size(); ++d) {
        const auto found = selections.find(node.dims[d].name);
        if (found != selections.end()) inner.emplace(rename->input.dims()[d].name, found->second);
      }
      return again(RenameNode{rewrite(rename->input, inner)});
    }
    if (const auto* expand = std::get_if<ExpandDimsNode>(&node.kind)) return expanded(*expand, node, selections);
    if (const auto* concat = std::get_if<ConcatNode>(&node.kind)) return joined(*concat, node, selections);
    return reduced(std::get<ReductionNode>(node.kind), node, selections);
  }

  std::vector<Array> rewrite_all(const std::vector<Array>& arrays, const Selections& selections) {
    std::vector<Array> result;
    for (const Array& array : arrays) result.push_back(rewrite(array, among(selections, array.dims())));
    return result;
  }

  // Selections of a selected array as those of the whole one.
  static Selections below(const IselNode& isel, const Selections& selections) {
    Selections inner;
    for (std::size_t d = 0; d < isel.axes.size(); ++d) {
      const Dim& dim = isel.input.dims()[d];
      const auto outer = std::holds_alternative<std::int64_t>(isel.axes[d]) ? selections.end() : selections.find(dim.name);
      const AxisSelection both = outer == selections.end() ? isel.axes[d] : composed(isel.axes[d], outer->second);
      if (both != AxisSelection(all_of(dim))) inner.emplace(dim.name, both);
    }
    return inner;
  }

  Array expanded(const ExpandDimsNode& expand, const ArrayNode& node, Selections selections) {
    const auto own = selections.extract(node.dims[0].name);
    const Array input = rewrite(expand.input, selections);
    if (!own.empty() && std::holds_alternative<std::int64_t>(own.mapped())) return input;
    std::vector<Dim> dims{node.dims[0]};
    dims.insert(dims.end(), input.dims().begin(), input.dims().end());
    const Array whole = make(std::move(dims), node.dtype, ExpandDimsNode{input});
    return own.empty() ? whole : chosen(whole, {{own.key(), own.mapped()}});
  }

  // Of what is joined, only the arrays that are chosen from.
  Array joined(const ConcatNode& concat, const ArrayNode& node, Selections selections) {
    const std::vector<Dim> dims = selected(node.dims, selections);
    const auto own = selections.extract(concat.dim);
    if (own.empty()) return make(dims, node.dtype, ConcatNode{rewrite_all(concat.inputs, selections), concat.dim, concat.is_new});
    const AxisSelection& along = own.mapped();
    const std::vector<std::int64_t>& begins = begins_of(concat, node);
    const auto part_at = [&](std::int64_t position) {  // the last that begins there or before: empty ones hold none
      return static_cast<std::size_t>(std::ranges::upper_bound(begins, position) - begins.begin() - 1);
    };
    const auto input = [&](std::size_t part, const AxisSelection& positions) {
      Selections mine = selections;
      if (!concat.is_new) mine.emplace(concat.dim, positions);
      return rewrite(concat.inputs[part], mine);
    };
    if (const auto* position = std::get_if<std::int64_t>(&along)) {
      const std::size_t part = part_at(*position);
      const Array one = input(part, *position - begins[part]);
      const Array ordered = one.dims() == dims ? one : make(dims, one.dtype(), TransposeNode{one});
      return ordered.dtype() == node.dtype ? ordered : make(dims, node.dtype, CastNode{ordered});
    }
    const std::int64_t count = *extent_of(along);
    std::vector<Array> parts;
    for (std::int64_t begin = 0, end = 0; begin < count; begin = end) {
      const std::size_t part = part_at(position_of(along, begin));
      end = concat.is_new ? begin + 1 : end_within(along, begin, {begins[part], begins[part + 1]});
      parts.push_back(input(part, part_of(along, begin, end, begins[part])));
    }
    if (parts.empty())
      return chosen(make(selected(node.dims, selections), node.dtype,
                         ConcatNode{rewrite_all(concat.inputs, selections), concat.dim, concat.is_new}),
                    {{concat.dim, along}});
    return make(dims, node.dtype, ConcatNode{std::move(parts), concat.dim, concat.is_new});
  }

  const std::vector<std::int64_t>& begins_of(const ConcatNode& concat, const ArrayNode& node) {
    std::vector<std::int64_t>& begins = begins_[&node];
    if (begins.empty()) {
      begins.push_back(0);
      for (const Array& in : concat.inputs) {
        begins.push_back(begins.back() + (concat.is_new ? 1 : in.dims()[in.axis(concat.dim)].size));
      }
    }
    return begins;
  }

  // The reduction of the selected inputs; dims of size 1 that reductions keep are chosen from afterwards.
  Array reduced(const ReductionNode& reduction, const ArrayNode& node, const Selections& selections) {
    Selections inner, outer;
    for (const auto& [dim, selection] : selections) {
      const bool gone = std::ranges::find(reduction.dims, dim) != reduction.dims.end();
      (gone ? outer : inner).emplace(dim, selection);
    }
    ReductionNode again = reduction;
    again.inputs = rewrite_all(reduction.inputs, inner);
    return chosen(make(selected(node.dims, inner), node.dtype, std::move(again)), outer);
  }

  std::map<std::pair<const ArrayNode*, Selections>, Array> known_;
  std::map<const ArrayNode*, bool> reduces_;
  std::map<const ArrayNode*, std::vector<std::int64_t>> begins_;
};

}  // namespace

Array push_selections(const Array& array) { return PushDown().rewrite(array, {}); }

}  // namespace xylem::detail
