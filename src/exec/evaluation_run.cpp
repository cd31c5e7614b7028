#include "detail/evaluation_run.hpp"

#include <algorithm>
#include <cstring>

#include "xylem/support/contract.hpp"

namespace xylem::detail {
namespace {

// Rows that are reduced into one row of outputs are summed in registers where a tile has many of them.
constexpr std::int64_t column_width = 128;

// By number, the values that groups and emissions look at.
std::vector<bool> needed_values(const Evaluation& evaluation) {
  std::vector<bool> needed(evaluation.program.values.size());
  for (const GroupInput& group : evaluation.groups) {
    for (const int value : group.values) needed[static_cast<std::size_t>(value)] = true;
  }
  for (const Emission& emission : evaluation.emissions) needed[static_cast<std::size_t>(emission.value)] = true;
  return needed;
}

}  // namespace

EvaluationRun::EvaluationRun(const Pass& pass, const Evaluation& evaluation)
    : pass_(pass),
      evaluation_(evaluation),
      evaluator_(evaluation.program, needed_values(evaluation)),
      views_(evaluation.leaves.size()),
      data_(evaluation.leaves.size()),
      emitted_(evaluation.emissions.size()) {}

void EvaluationRun::run(const Box& block, const EvaluationContext& context) {
  // The block's part of the evaluation, cut where tiles of groups end.
  std::vector<std::vector<Range>> parts;
  for (std::size_t k = 0; k < block.start.size(); ++k) {
    const Range range = indices_in(evaluation_.axes[k], block.start[k], block.count[k]);
    if (range.first == range.second) return;
    parts.push_back(cuts(k, range));
  }
  std::vector<std::size_t> at(parts.size(), 0);
  while (true) {
    std::vector<Range> part;
    for (std::size_t k = 0; k < parts.size(); ++k) part.push_back(parts[k][at[k]]);
    run_part(part, context);
    std::size_t k = parts.size();
    while (k > 0 && ++at[k - 1] == parts[k - 1].size()) at[--k] = 0;
    if (k == 0) return;
  }
}

std::vector<EvaluationRun::Range> EvaluationRun::cuts(std::size_t axis, Range range) const {
  std::vector<std::int64_t> at{range.first, range.second};
  for (const GroupInput& input : evaluation_.groups) {
    const TargetAxis& target = input.axes[axis];
    if (target.axis < 0) continue;
    const auto& all = pass_.groups[input.group].cuts[static_cast<std::size_t>(target.axis)];
    for (auto cut = std::upper_bound(all.begin(), all.end(), target.offset + range.first);
         cut != all.end() && *cut < target.offset + range.second; ++cut) {
      at.push_back(*cut - target.offset);
    }
  }
  std::ranges::sort(at);
  at.erase(std::unique(at.begin(), at.end()), at.end());
  std::vector<Range> ranges;
  for (std::size_t i = 1; i < at.size(); ++i) ranges.emplace_back(at[i - 1], at[i]);
  return ranges;
}

void EvaluationRun::run_part(const std::vector<Range>& part, const EvaluationContext& context) {
  const std::size_t axes = part.size(), inputs = evaluation_.leaves.size(), groups = evaluation_.groups.size();
  std::vector<Axis> walk(axes);
  std::vector<std::int64_t> first(inputs + 2 * groups + evaluation_.emissions.size(), 0);
  std::int64_t elements = 1;
  for (std::size_t k = 0; k < axes; ++k) {
    walk[k] = {part[k].second - part[k].first, std::vector<std::int64_t>(first.size(), 0)};
    elements *= walk[k].count;
  }
  for (std::size_t l = 0; l < inputs; ++l) {
    const Leaf& leaf = evaluation_.leaves[l];
    const ArrayView view = context.view(leaf);
    XYLEM_EXPECT(view.data != nullptr, "what an evaluation needs has been read");
    data_[l] = view.data;
    for (std::size_t d = 0; d < leaf.axes.size(); ++d) {
      const LeafAxis& axis = leaf.axes[d];
      std::int64_t position = axis.start;
      if (axis.axis >= 0) {
        const auto k = static_cast<std::size_t>(axis.axis);
        position += axis.step * part[k].first;
        walk[k].strides[l] += axis.step * view.strides[d];
      }
      first[l] += (position - view.start[d]) * view.strides[d];
    }
  }
  std::vector<LiveTile*> tiles;
  std::vector<std::int64_t> whole;  // of the groups' tiles those that all get something: their numbers, else -1
  for (std::size_t g = 0; g < groups; ++g) {
    const GroupInput& input = evaluation_.groups[g];
    const ReductionGroup& group = pass_.groups[input.group];
    Shape output(group.kept.size(), 0);
    for (std::size_t k = 0; k < axes; ++k) {
      if (input.axes[k].axis >= 0) output[static_cast<std::size_t>(input.axes[k].axis)] = input.axes[k].offset + part[k].first;
    }
    const std::int64_t number = group.tile_of(output);
    const Box tile = group.tile(number);
    const Shape strides = row_major(tile.count, 1);
    for (std::size_t a = 0; a < output.size(); ++a) first[inputs + g] += (output[a] - tile.start[a]) * strides[a];
    for (std::size_t k = 0; k < axes; ++k) {
      const TargetAxis& axis = input.axes[k];
      if (axis.axis >= 0) {
        walk[k].strides[inputs + g] = strides[static_cast<std::size_t>(axis.axis)];
      } else {
        walk[k].strides[inputs + groups + g] = axis.position;
        first[inputs + groups + g] += (axis.offset + part[k].first) * axis.position;
      }
    }
    LiveTile& live = context.tile(input.group, number);
    live.elements += elements;
    tiles.push_back(&live);
    std::int64_t outputs = 1;
    for (std::size_t k = 0; k < axes; ++k) outputs *= input.axes[k].axis >= 0 ? walk[k].count : 1;
    whole.push_back(outputs == tile.size() ? number : -1);
  }
  std::vector<Box> boxes;
  for (std::size_t e = 0; e < evaluation_.emissions.size(); ++e) {
    const Emission& emission = evaluation_.emissions[e];
    int rank = 0;
    for (const TargetAxis& axis : emission.axes) rank = std::max(rank, axis.axis + 1);
    Box& box = boxes.emplace_back(Box{Shape(static_cast<std::size_t>(rank), 0), Shape(static_cast<std::size_t>(rank), 1)});
    for (std::size_t k = 0; k < axes; ++k) {
      const TargetAxis& axis = emission.axes[k];
      if (axis.axis < 0) continue;
      box.start[static_cast<std::size_t>(axis.axis)] = axis.offset + part[k].first;
      box.count[static_cast<std::size_t>(axis.axis)] = walk[k].count;
    }
    const ElementType type = evaluation_.program.values[static_cast<std::size_t>(emission.value)].type;
    const Shape strides = row_major(box.count, element_size(type));
    for (std::size_t k = 0; k < axes; ++k) {
      if (emission.axes[k].axis >= 0) {
        walk[k].strides[inputs + 2 * groups + e] = strides[static_cast<std::size_t>(emission.axes[k].axis)];
      }
    }
    emitted_[e].resize(static_cast<std::size_t>(box.size() * element_size(type)));
  }

  // Axes of one index go, and those side by side for all become one.
  std::vector<Axis> joined;
  for (Axis& axis : walk) {
    if (axis.count == 1) continue;
    bool joins = !joined.empty();
    for (std::size_t s = 0; joins && s < first.size(); ++s) joins = joined.back().strides[s] == axis.strides[s] * axis.count;
    if (joins) {
      joined.back().count *= axis.count;
      joined.back().strides = std::move(axis.strides);
    } else {
      joined.push_back(std::move(axis));
    }
  }
  const bool constant = std::ranges::all_of(joined, [&](const Axis& axis) {
    return std::all_of(axis.strides.begin(), axis.strides.begin() + static_cast<std::ptrdiff_t>(inputs),
                       [](std::int64_t s) { return s == 0; });
  });
  if (constant && boxes.empty() && add_constant(elements, first, tiles, whole, context)) return;
  sweep(joined, first, tiles);
  for (std::size_t e = 0; e < boxes.size(); ++e) context.emit(evaluation_.emissions[e].destination, boxes[e], emitted_[e]);
}

// Elements that are all alike, of which each output of the tiles gets as many: the state of one for each output is doubled.
// False, and nothing done, where they are few, or some outputs get none.
bool EvaluationRun::add_constant(std::int64_t elements, const std::vector<std::int64_t>& first,
                                 const std::vector<LiveTile*>& tiles, const std::vector<std::int64_t>& numbers,
                                 const EvaluationContext& context) {
  constexpr std::int64_t few = 4 * Evaluator::max_tile;
  constexpr std::int64_t small_state = std::int64_t{1} << 18;  // which the forecast need not count
  const std::size_t inputs = views_.size(), groups = tiles.size();
  if (elements < few) return false;
  std::int64_t most = 1;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::int64_t outputs = tiles[g]->state->outputs();
    if (numbers[g] < 0 || outputs * 2 > elements || pass_.groups[evaluation_.groups[g].group].tile_state > small_state)
      return false;
    most = std::max(most, outputs);
  }
  for (std::size_t l = 0; l < inputs; ++l) views_[l] = {data_[l] + first[l], 0, 0};
  const int width = static_cast<int>(std::min<std::int64_t>(most, Evaluator::max_tile));
  evaluator_.evaluate(1, width, views_);
  for (std::size_t g = 0; g < groups; ++g) {
    group_values_.clear();
    for (const int value : evaluation_.groups[g].values)
      group_values_.push_back(evaluator_.values()[static_cast<std::size_t>(value)]);
    const auto identity = [&] { return context.identity(evaluation_.groups[g].group, numbers[g]); };
    Accumulators& state = *tiles[g]->state;
    const auto power = identity();
    for (std::int64_t output = 0; output < state.outputs(); output += width) {
      const auto n = static_cast<int>(std::min<std::int64_t>(width, state.outputs() - output));
      power->update(1, n, group_values_, {output, 0, 1}, {first[inputs + groups + g], 0, 0});
    }
    for (std::int64_t copies = elements / state.outputs();; copies /= 2) {
      if (copies % 2 == 1) state.combine(*power);
      if (copies == 1) break;
      const auto twin = identity();
      twin->combine(*power);
      power->combine(*twin);
    }
  }
  return true;
}

// Walks the outer axes, and the last two of them tile by tile.
void EvaluationRun::sweep(const std::vector<Axis>& axes, const std::vector<std::int64_t>& first, std::vector<LiveTile*>& tiles) {
  const std::size_t inputs = evaluation_.leaves.size(), groups = evaluation_.groups.size();
  const Axis single{1, std::vector<std::int64_t>(first.size(), 0)};
  const Axis& col = axes.empty() ? single : axes.back();
  const Axis& row = axes.size() < 2 ? single : axes[axes.size() - 2];
  const std::size_t outer = axes.size() < 2 ? 0 : axes.size() - 2;
  bool columns = false;
  for (std::size_t g = 0; g < groups; ++g) {
    columns = columns || (col.strides[inputs + g] != 0 && row.strides[inputs + g] == 0 && row.count > 1);
  }
  const std::int64_t width = columns ? std::max(column_width, Evaluator::max_tile / row.count) : Evaluator::max_tile;
  const std::int64_t cols = std::min(col.count, width);
  const std::int64_t rows = std::min<std::int64_t>(row.count, Evaluator::max_tile / cols);
  std::vector<std::int64_t> at(outer, 0);
  while (true) {
    std::vector<std::int64_t> base = first;
    for (std::size_t k = 0; k < outer; ++k) {
      for (std::size_t s = 0; s < base.size(); ++s) base[s] += at[k] * axes[k].strides[s];
    }
    for (std::int64_t c = 0; c < col.count; c += cols) {
      for (std::int64_t r = 0; r < row.count; r += rows) {
        std::vector<std::int64_t> here = base;
        for (std::size_t s = 0; s < here.size(); ++s) here[s] += r * row.strides[s] + c * col.strides[s];
        tile(static_cast<int>(std::min(rows, row.count - r)), static_cast<int>(std::min(cols, col.count - c)), here, row, col,
             tiles);
      }
    }
    std::size_t k = outer;
    while (k > 0 && ++at[k - 1] == axes[k - 1].count) at[--k] = 0;
    if (k == 0) return;
  }
}

void EvaluationRun::tile(int rows, int cols, const std::vector<std::int64_t>& at, const Axis& row, const Axis& col,
                         const std::vector<LiveTile*>& tiles) {
  const std::size_t inputs = views_.size(), groups = tiles.size();
  for (std::size_t l = 0; l < inputs; ++l) views_[l] = {data_[l] + at[l], row.strides[l], col.strides[l]};
  evaluator_.evaluate(rows, cols, views_);
  const std::span<const void* const> values = evaluator_.values();
  for (std::size_t g = 0; g < groups; ++g) {
    group_values_.clear();
    for (const int value : evaluation_.groups[g].values) group_values_.push_back(values[static_cast<std::size_t>(value)]);
    const std::size_t output = inputs + g, position = inputs + groups + g;
    tiles[g]->state->update(rows, cols, group_values_, {at[output], row.strides[output], col.strides[output]},
                            {at[position], row.strides[position], col.strides[position]});
  }
  for (std::size_t e = 0; e < emitted_.size(); ++e) {
    const std::size_t s = inputs + 2 * groups + e;
    const auto value = static_cast<std::size_t>(evaluation_.emissions[e].value);
    const ElementType type = evaluation_.program.values[value].type;
    const auto size = static_cast<std::size_t>(element_size(type));
    // Elements in their native form first.
    alignas(8) std::byte native[static_cast<std::size_t>(Evaluator::max_tile) * 8];
    store_elements(type, values[value], static_cast<std::int64_t>(rows) * cols, native);
    for (int r = 0; r < rows; ++r) {
      std::byte* to = emitted_[e].data() + at[s] + r * row.strides[s];
      const std::byte* from = native + static_cast<std::size_t>(r) * static_cast<std::size_t>(cols) * size;
      if (col.strides[s] == static_cast<std::int64_t>(size)) {
        std::memcpy(to, from, static_cast<std::size_t>(cols) * size);
      } else {
        for (int c = 0; c < cols; ++c) std::memcpy(to + c * col.strides[s], from + static_cast<std::size_t>(c) * size, size);
      }
    }
  }
}

}  // namespace xylem::detail
