#include "detail/worker.hpp"

#include <algorithm>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/timer.hpp"

#include "detail/block_runs.hpp"

namespace xylem::detail {

std::unique_ptr<Accumulators> make_state(const Plan& plan, const Pass& pass, std::size_t group, std::int64_t tile) {
  // Values of unlike magnitudes need more than the forecast of usual ones: tiles share what the plan leaves of the limit, half of
  // it for their parts on the way to other ranks.
  std::int64_t live = 0;
  for (const ReductionGroup& any : pass.groups) live += any.live_tiles;
  const std::int64_t spare =
      std::max<std::int64_t>(0, plan.options.memory_limit - plan.memory) / (2 * plan.options.threads * live);
  const ReductionGroup& of = pass.groups[group];
  return std::make_unique<Accumulators>(of.program, of.aggregates, of.tile(tile).size(), plan.options.sums,
                                        of.tile_state + spare);
}

void Outlet::emit(const Destination& destination, const Box& box, std::span<const std::byte> values, double& seconds) const {
  if (box.size() == 0) return;
  if (destination.intermediate) return intermediates_.add(destination.index, box, values);
  const Timer timer;
  sink_(destination.index, box, values);
  seconds += timer.seconds();
}

void Outlet::finish(std::size_t group, std::int64_t tile, const Accumulators& state, double& seconds) const {
  const ReductionGroup& of = pass_.groups[group];
  const Box outputs = of.tile(tile);
  for (const ReductionGroup::Target& target : of.targets) {
    std::vector<std::byte> values(static_cast<std::size_t>(outputs.size() * element_size(target.finalizer.result)));
    const auto overflow = state.finalize(target.finalizer, values);
    const Destination& to = target.destination;
    const std::size_t rank = to.intermediate ? plan_.intermediates[to.index].shape.size() : plan_.results[to.index].shape.size();
    Box box{Shape(rank, 0), Shape(rank, 1)};
    for (std::size_t a = 0; a < target.axes.size(); ++a) {
      const auto axis = static_cast<std::size_t>(target.axes[a]);
      box.start[axis] = outputs.start[a] + of.origin[a];
      box.count[axis] = outputs.count[a];
    }
    if (overflow) fail_overflow(target, box, *overflow);
    emit(to, box, values, seconds);
  }
}

void Outlet::fail_overflow(const ReductionGroup::Target& target, const Box& box, std::int64_t index) const {
  Shape place(box.count.size());
  for (std::size_t d = place.size(); d-- > 0;) {
    place[d] = box.start[d] + index % box.count[d];
    index /= box.count[d];
  }
  const Destination& to = target.destination;
  throw DataError("the {} of '{}'{} does not fit in {}; convert to float64 with astype first",
                  reduction_info(target.finalizer.reduction).name,
                  printable(to.intermediate ? plan_.intermediates[to.index].what : plan_.results[to.index].name),
                  place.empty() ? "" : " at " + format_shape(place), type_name(target.finalizer.result));
}

void Worker::run(const std::vector<ScanRange>& ranges, Progress& progress) {
  for (const ScanRange& range : ranges) {
    for (const BlockRun& blocks : block_runs(pass_, range)) {
      if (blocks.empty) {
        run_empty(pass_.scans[range.scan], blocks, progress);
      } else {
        run_range({range.scan, blocks.begin, blocks.end}, progress);
      }
    }
  }
  release_all(true);
}

std::vector<TilePart> Worker::finish() {
  release_all(false);
  return std::move(parts_);
}

EvaluationContext Worker::context_with(std::function<ArrayView(std::size_t dataset)> view) {
  return {[this, view = std::move(view)](const Leaf& leaf) {
            return leaf.intermediate ? intermediates_.view(leaf.index) : view(leaf.index);
          },
          [this](std::size_t group, std::int64_t tile) -> LiveTile& { return live_tile(group, tile); },
          [this](std::size_t group, std::int64_t tile) { return make_state(plan_, pass_, group, tile); },
          [this](const Destination& destination, const Box& box, std::span<const std::byte> values) {
            outlet_.emit(destination, box, values, times_.write);
          }};
}

void Worker::evaluate(std::vector<EvaluationRun>& evaluations, const Scan& scan, const Box& block,
                      const EvaluationContext& context) {
  for (EvaluationRun& evaluation : evaluations) {
    try {
      evaluation.run(block, context);
    } catch (const DataError& error) {
      throw DataError("{} (in block {} of {})", error.what(), format_box(block),
                      scan.datasets.empty() ? "what is in memory" : scan.datasets[0].info->ref.describe());
    }
  }
}

std::vector<EvaluationRun> Worker::evaluations_of(const Scan& scan) {
  std::vector<EvaluationRun> evaluations;
  evaluations.reserve(scan.evaluations.size());
  for (const Evaluation& evaluation : scan.evaluations) evaluations.emplace_back(pass_, evaluation);
  if (scan_ != &scan) places_.assign(pass_.groups.size(), {});
  scan_ = &scan;
  return evaluations;
}

// Blocks of which nothing was ever written, as one.
void Worker::run_empty(const Scan& scan, const BlockRun& blocks, Progress& progress) {
  std::vector<std::vector<std::byte>> fills;
  for (const ScanDataset& dataset : scan.datasets) fills.push_back(fill_of(*dataset.info));
  const EvaluationContext context =
      context_with([&](std::size_t dataset) { return everywhere(fills[dataset], *scan.datasets[dataset].info); });
  const Box box = box_of(scan, blocks);
  std::vector<EvaluationRun> evaluations = evaluations_of(scan);
  release_behind(scan, box);
  const Timer timer;
  evaluate(evaluations, scan, box, context);
  times_.evaluate += timer.seconds();
  times_.blocks += blocks.end - blocks.begin;
  progress.advance(scan.weight / scan.num_blocks * (blocks.end - blocks.begin));
}

void Worker::run_range(const ScanRange& range, Progress& progress) {
  const Scan& scan = pass_.scans[range.scan];
  BlockSource source(files_, scan);
  std::vector<EvaluationRun> evaluations = evaluations_of(scan);
  const EvaluationContext context = context_with([&](std::size_t dataset) { return source.view(dataset); });
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    const Box block = scan.box(i);
    release_behind(scan, block);
    const Timer timer;
    source.read(block);
    const double read = timer.seconds(), written = times_.write;
    evaluate(evaluations, scan, block, context);
    times_.read += read;
    times_.evaluate += timer.seconds() - read - (times_.write - written);
    ++times_.blocks;
    progress.advance(scan.weight / scan.num_blocks);
  }
  times_.decode += source.decode_seconds();
  for (const Evaluation& evaluation : scan.evaluations) {
    for (const GroupInput& input : evaluation.groups) {
      for (auto& [tile, live] : live_[input.group]) live.state->rest();
    }
  }
}

// Tiles of streamed groups are left behind when blocks move on along an axis that the tiles are cut along.
void Worker::release_behind(const Scan& scan, const Box& block) {
  for (const Evaluation& evaluation : scan.evaluations) {
    for (const GroupInput& input : evaluation.groups) {
      const ReductionGroup& group = pass_.groups[input.group];
      if (!group.streamed) continue;
      Shape place;
      for (std::size_t k = 0; k < block.start.size(); ++k) {
        const int axis = input.axes[k].axis;
        if (axis >= 0 && group.cuts[static_cast<std::size_t>(axis)].size() > 2) place.push_back(block.start[k]);
      }
      if (!places_[input.group].empty() && place != places_[input.group]) release(input.group);
      places_[input.group] = std::move(place);
    }
  }
}

LiveTile& Worker::live_tile(std::size_t group, std::int64_t tile) {
  LiveTile& live = live_[group][tile];
  if (!live.state) live.state = make_state(plan_, pass_, group, tile);
  return live;
}

void Worker::release_all(bool streamed) {
  for (std::size_t g = 0; g < live_.size(); ++g) {
    if (pass_.groups[g].streamed || !streamed) release(g);
  }
}

// Finishes the tiles of a group that are whole, and packs the others for those who have the rest.
void Worker::release(std::size_t group) {
  for (auto& [tile, live] : live_[group]) {
    if (live.elements == pass_.groups[group].tile(tile).size() * pass_.groups[group].reduced) {
      outlet_.finish(group, tile, *live.state, times_.write);
    } else {
      parts_.push_back({group, tile, live.elements, live.state->pack()});
    }
    live.state.reset();
  }
  live_[group].clear();
}

}  // namespace xylem::detail
