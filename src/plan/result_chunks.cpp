#include "xylem/plan/result_chunks.hpp"

#include <algorithm>
#include <cstdlib>

namespace xylem {
namespace {

// The chunk of the scan's first chunked dataset, along the axes of an evaluation; empty where there is none.
Shape chunk_of(const Scan& scan, const Evaluation& evaluation) {
  for (const Leaf& leaf : evaluation.leaves) {
    if (leaf.intermediate) continue;
    const DatasetInfo& info = *scan.datasets[leaf.index].info;
    if (info.layout != Layout::chunked) continue;
    Shape chunk(evaluation.axes.size(), 1);
    for (std::size_t d = 0; d < leaf.axes.size(); ++d) {
      const LeafAxis& axis = leaf.axes[d];
      if (axis.axis < 0 || axis.step == 0) continue;
      chunk[static_cast<std::size_t>(axis.axis)] = std::max<std::int64_t>(1, info.chunk[d] / std::abs(axis.step));
    }
    return chunk;
  }
  return {};
}

void take(const Destination& destination, const std::vector<int>& axes, const Shape& chunk, const Plan& plan,
          std::vector<Shape>& chunks) {
  if (destination.intermediate || chunk.empty() || !chunks[destination.index].empty()) return;
  Shape& result = chunks[destination.index];
  result.assign(plan.results[destination.index].shape.size(), 1);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (axes[k] >= 0) result[static_cast<std::size_t>(axes[k])] = chunk[k];
  }
}

}  // namespace

std::vector<Shape> stored_chunks(const Plan& plan) {
  std::vector<Shape> chunks(plan.results.size());
  for (const Pass& pass : plan.passes) {
    for (const Scan& scan : pass.scans) {
      for (const Evaluation& evaluation : scan.evaluations) {
        const Shape chunk = chunk_of(scan, evaluation);
        for (const Emission& emission : evaluation.emissions) {
          std::vector<int> axes;
          for (const TargetAxis& axis : emission.axes) axes.push_back(axis.axis);
          take(emission.destination, axes, chunk, plan, chunks);
        }
        for (const GroupInput& input : evaluation.groups) {
          const ReductionGroup& group = pass.groups[input.group];
          for (const ReductionGroup::Target& target : group.targets) {
            std::vector<int> axes;
            for (const TargetAxis& axis : input.axes)
              axes.push_back(axis.axis < 0 ? -1 : target.axes[static_cast<std::size_t>(axis.axis)]);
            take(target.destination, axes, chunk, plan, chunks);
          }
        }
      }
    }
  }
  return chunks;
}

}  // namespace xylem
