#include "detail/push_down.hpp"

#include <algorithm>
#include <map>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/node.hpp"

namespace xylem::detail {
namespace {

class PushDown {
 public:
  Array rewrite(const Array& array) {
    held_.push_back(array);
    const auto known = known_.find(&array.node());
    if (known != known_.end()) return known->second;
    const Array result = rewritten(array);
    known_.emplace(&array.node(), result);
    return result;
  }

 private:
  using Selections = std::vector<std::pair<std::string, AxisSelection>>;

  bool reduces(const Array& array) {
    held_.push_back(array);
    const auto known = reduces_.find(&array.node());
    if (known != reduces_.end()) return known->second;
    const auto inputs = inputs_of(array.node());
    const bool result = std::holds_alternative<ReductionNode>(array.node().kind) ||
                        std::ranges::any_of(inputs, [&](const Array& input) { return reduces(input); });
    return reduces_[&array.node()] = result;
  }

  Array rewritten(const Array& array) {
    const ArrayNode& node = array.node();
    if (!reduces(array)) return array;
    if (const auto* isel = std::get_if<IselNode>(&node.kind)) {
      std::map<std::string, AxisSelection> selections;
      for (std::size_t d = 0; d < isel->axes.size(); ++d) {
        const Dim& dim = isel->input.dims()[d];
        if (isel->axes[d] != AxisSelection(Stride{0, 1, dim.size})) selections.emplace(dim.name, isel->axes[d]);
      }
      return select(rewrite(isel->input), selections);
    }
    if (const auto* apply = std::get_if<ElementwiseNode>(&node.kind)) {
      std::vector<Array> inputs;
      for (const Array& input : apply->inputs) inputs.push_back(rewrite(input));
      Array result = elementwise(apply->operation, inputs);
      return result.dtype() == node.dtype ? result : array;
    }
    if (const auto* reduction = std::get_if<ReductionNode>(&node.kind)) return reduce_again(*reduction, {});
    if (const auto* cast = std::get_if<CastNode>(&node.kind)) return rewrite(cast->input).astype(node.dtype);
    return array;  // renamed, reordered and joined reductions are selected as they are
  }

  // The reduction of the selected inputs.
  Array reduce_again(const ReductionNode& node, const std::map<std::string, AxisSelection>& selections) {
    std::vector<Array> inputs;
    for (const Array& input : node.inputs) inputs.push_back(select(rewrite(input), selections));
    return xylem::reduce_again(node, inputs);
  }

  Array select(const Array& array, const std::map<std::string, AxisSelection>& selections) {
    std::map<std::string, AxisSelection> mine;
    for (const auto& [dim, selection] : selections) {
      if (array.find_axis(dim)) mine.emplace(dim, selection);
    }
    if (mine.empty()) return array;
    const ArrayNode& node = array.node();
    if (const auto* reduction = std::get_if<ReductionNode>(&node.kind)) {
      std::map<std::string, AxisSelection> inner, outer;  // of what is reduced, and of the dims of size 1 that reductions keep
      for (const auto& [dim, selection] : mine) {
        const bool reduced = std::ranges::find(reduction->dims, dim) != reduction->dims.end();
        (reduced ? outer : inner).emplace(dim, selection);
      }
      return choose(inner.empty() ? array : reduce_again(*reduction, inner), outer);
    }
    if (const auto* apply = std::get_if<ElementwiseNode>(&node.kind); apply != nullptr && reduces(array)) {
      std::vector<Array> inputs;
      for (const Array& input : apply->inputs) inputs.push_back(select(input, mine));
      return elementwise(apply->operation, inputs);
    }
    return choose(array, mine);
  }

  static Array choose(const Array& array, const std::map<std::string, AxisSelection>& selections) {
    if (selections.empty()) return array;
    std::vector<std::pair<std::string, Positions>> indexers;
    for (const auto& [dim, selection] : selections) indexers.emplace_back(dim, as_positions(selection));
    return array.isel(indexers);
  }

  std::vector<Array> held_;  // nodes that are known must not be freed and their addresses used again
  std::map<const ArrayNode*, Array> known_;
  std::map<const ArrayNode*, bool> reduces_;
};

}  // namespace

Array push_selections(const Array& array) { return PushDown().rewrite(array); }

}  // namespace xylem::detail
