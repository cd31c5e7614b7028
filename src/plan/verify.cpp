#include "xylem/plan/plan.hpp"
#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

void verify(const Plan& plan, const Destination& destination) {
  XYLEM_EXPECT(destination.index < (destination.intermediate ? plan.intermediates.size() : plan.results.size()),
               "destinations are there");
}

void verify(const Plan& plan, const Scan& scan, const Evaluation& evaluation) {
  XYLEM_EXPECT(evaluation.axes.size() == scan.shape.size(), "an evaluation has the axes of its scan");
  for (std::size_t k = 0; k < scan.shape.size(); ++k) {
    const AxisRange& range = evaluation.axes[k];
    const std::int64_t last = range.start + range.step * (range.count - 1);
    XYLEM_EXPECT(range.count > 0 && range.step != 0 && range.start >= 0 && range.start < scan.shape[k] && last >= 0 &&
                     last < scan.shape[k],
                 "an evaluation lies in its scan");
  }
  XYLEM_EXPECT(evaluation.leaves.size() == evaluation.program.inputs.size(), "a leaf for each input");
  for (const Leaf& leaf : evaluation.leaves) {
    XYLEM_EXPECT(leaf.index < (leaf.intermediate ? plan.intermediates.size() : scan.datasets.size()), "leaves are there");
    const Shape& shape = leaf.intermediate ? plan.intermediates[leaf.index].shape : scan.datasets[leaf.index].info->shape;
    XYLEM_EXPECT(leaf.axes.size() == shape.size(), "a leaf has the axes of what it reads");
    for (std::size_t d = 0; d < shape.size(); ++d) {
      const LeafAxis& axis = leaf.axes[d];
      XYLEM_EXPECT(axis.axis < static_cast<int>(scan.shape.size()), "a leaf follows axes of its scan");
      const std::int64_t n = axis.axis < 0 ? 1 : evaluation.axes[static_cast<std::size_t>(axis.axis)].count;
      const std::int64_t last = axis.start + axis.step * (n - 1);
      XYLEM_EXPECT(axis.start >= 0 && axis.start < shape[d] && last >= 0 && last < shape[d], "a leaf lies in what it reads");
    }
  }
  for (std::size_t v = 0; v < evaluation.program.values.size(); ++v) {
    const auto* apply = std::get_if<ApplyValue>(&evaluation.program.values[v].kind);
    if (apply == nullptr) continue;
    for (const int input : apply->inputs) XYLEM_EXPECT(static_cast<std::size_t>(input) < v, "values are made of earlier ones");
  }
}

void verify(const Plan& plan, const Pass& pass) {
  for (const Scan& scan : pass.scans) {
    std::int64_t blocks = 1;
    for (const auto& columns : scan.columns) blocks *= static_cast<std::int64_t>(columns.size());
    XYLEM_EXPECT(scan.columns.size() == scan.shape.size() && scan.order.size() == scan.shape.size() && blocks == scan.num_blocks,
                 "blocks are numbered along all axes");
    for (const Evaluation& evaluation : scan.evaluations) {
      verify(plan, scan, evaluation);
      for (const Emission& emission : evaluation.emissions) verify(plan, emission.destination);
      for (const GroupInput& input : evaluation.groups) {
        XYLEM_EXPECT(input.group < pass.groups.size() && input.axes.size() == scan.shape.size() &&
                         input.values.size() == pass.groups[input.group].program.values.size(),
                     "a group gets all its values");
        for (std::size_t v = 0; v < input.values.size(); ++v) {
          XYLEM_EXPECT(evaluation.program.values[static_cast<std::size_t>(input.values[v])].type ==
                           pass.groups[input.group].program.values[v].type,
                       "a group's values have one type");
        }
      }
    }
  }
  for (const ReductionGroup& group : pass.groups) {
    XYLEM_EXPECT(group.cuts.size() == group.kept.size() && group.origin.size() == group.kept.size(),
                 "a group is cut along its dims");
    for (const ReductionGroup::Target& target : group.targets) {
      verify(plan, target.destination);
      for (const int aggregate : target.finalizer.aggregates) {
        XYLEM_EXPECT(static_cast<std::size_t>(aggregate) < group.aggregates.size(), "aggregates are there");
      }
    }
  }
}

}  // namespace

void Plan::hold(std::int64_t bytes) {
  options.memory_held += bytes;
  memory += bytes;
  memory_bound += bytes;
}

void Plan::verify() const {
  for (const Pass& pass : passes) xylem::verify(*this, pass);
}

}  // namespace xylem
