#include "detail/worker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "xylem/support/error.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/saturated.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/timer.hpp"

#include "detail/block_runs.hpp"

namespace xylem::detail {
namespace {

// Freed accumulators go back to the system in steps of so many bytes; the memory forecast counts one (plan/pass_memory.cpp).
constexpr std::int64_t give_back_step = std::int64_t{4} << 20;

}  // namespace

std::unique_ptr<Accumulators> make_state(const Plan& plan, const Pass& pass, std::size_t group, std::int64_t tile) {
  // Values of unlike magnitudes may need more than the plan allows for. What it leaves of the limit is shared by all that grows
  // with accumulators: those that are alive, their parts on the way to other ranks, and what comes of theirs.
  const ReductionGroup& of = pass.groups[group];
  const auto spare = static_cast<double>(std::max<std::int64_t>(0, plan.options.memory_limit - plan.memory_bound));
  const double factor = spare / static_cast<double>(std::max<std::int64_t>(1, pass.accumulators_bound));
  return std::make_unique<Accumulators>(of.program, of.aggregates, of.tile(tile).size(), plan.options.sums,
                                        saturated((1 + factor) * static_cast<double>(of.tile_state)));
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
  std::vector<ScanRange> stored;
  const auto run_so_far = [&] {
    if (!stored.empty()) run_stored(stored, progress);
    stored.clear();
  };
  for (const ScanRange& range : ranges) {
    for (const BlockRun& blocks : block_runs(pass_, range)) {
      if (!blocks.empty) {
        stored.push_back({range.scan, blocks.begin, blocks.end});
        continue;
      }
      run_so_far();
      run_empty(pass_.scans[range.scan], blocks, progress);
    }
  }
  run_so_far();
  release_all(true);
}

std::vector<TilePart> Worker::finish() {
  release_all(false);
  std::vector<TilePart> parts;
  for (auto& [id, part] : parts_) parts.push_back(std::move(part));
  return parts;
}

Worker::ScanRun Worker::begin_scan(const Scan& scan, std::function<ArrayView(std::size_t dataset)> view) {
  ScanRun run{scan,
              {},
              {[this, view = std::move(view)](const Leaf& leaf) {
                 return leaf.intermediate ? intermediates_.view(leaf.index) : view(leaf.index);
               },
               [this](std::size_t group, std::int64_t tile) -> LiveTile& { return live_tile(group, tile); },
               [this](std::size_t group, std::int64_t tile) { return make_state(plan_, pass_, group, tile); },
               [this](const Destination& destination, const Box& box, std::span<const std::byte> values) {
                 outlet_.emit(destination, box, values, times_.write);
               }}};
  run.evaluations.reserve(scan.evaluations.size());
  for (const Evaluation& evaluation : scan.evaluations) run.evaluations.emplace_back(pass_, evaluation);
  if (scan_ != &scan) places_.assign(pass_.groups.size(), {});
  scan_ = &scan;
  return run;
}

// Blocks that are read one after the other.
void Worker::run_stored(const std::vector<ScanRange>& ranges, Progress& progress) {
  BlockStream blocks(files_, pass_, ranges, buffers_);
  std::optional<ScanRun> run;
  std::size_t scan = 0;
  const BlockSource* source = nullptr;
  while (const StreamedBlock* block = blocks.next()) {
    if (!run || block->scan != scan) {
      if (run) rest(run->scan);
      scan = block->scan;
      run.emplace(begin_scan(pass_.scans[scan], [&](std::size_t dataset) { return source->view(dataset); }));
    }
    source = block->source.get();
    evaluate(*run, block->box, 1, progress);
  }
  if (run) rest(run->scan);
  times_.read += blocks.times().fetch + blocks.times().decode;
  times_.wait += blocks.times().wait;
  times_.decode += blocks.times().decode;
}

// Blocks of which nothing was ever written, as one.
void Worker::run_empty(const Scan& scan, const BlockRun& blocks, Progress& progress) {
  std::vector<std::vector<std::byte>> fills;
  for (const ScanDataset& dataset : scan.datasets) fills.push_back(fill_of(*dataset.info));
  ScanRun run = begin_scan(scan, [&](std::size_t dataset) { return everywhere(fills[dataset], *scan.datasets[dataset].info); });
  evaluate(run, box_of(scan, blocks), blocks.end - blocks.begin, progress);
}

void Worker::run_together(const Communicator& comm, Progress& progress) {
  std::exception_ptr failure;
  for (std::size_t s = 0; s < pass_.scans.size(); ++s) {
    const Scan& scan = pass_.scans[s];
    CollectiveSource source(comm, files_, scan);
    std::optional<ScanRun> run;
    comm.agree([&] { run.emplace(begin_scan(scan, [&](std::size_t dataset) { return source.view(dataset); })); });
    const ScanRange mine = pass_.share_of_scan(s, comm.rank(), comm.size());
    std::int64_t rounds = 0;
    for (int rank = 0; rank < comm.size(); ++rank) {
      const ScanRange theirs = pass_.share_of_scan(s, rank, comm.size());
      rounds = std::max(rounds, theirs.end - theirs.begin);
    }
    for (std::int64_t i = mine.begin; i < mine.begin + rounds; ++i) {
      const bool takes_part = i < mine.end && !failure;
      const Box block = takes_part ? scan.box(i) : Box{};
      const Timer timer;
      source.read(takes_part ? &block : nullptr);
      times_.read += timer.seconds();
      times_.wait += timer.seconds();
      if (!takes_part) continue;
      try {
        evaluate(*run, block, 1, progress);
      } catch (...) {  // the others go on reading, and so must this rank
        failure = std::current_exception();
      }
    }
    if (failure) continue;
    try {
      rest(scan);
      release_all(true);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

// Evaluates a box of so many blocks.
void Worker::evaluate(ScanRun& run, const Box& box, std::int64_t blocks, Progress& progress) {
  release_behind(run.scan, box);
  const Timer timer;
  const double written = times_.write;
  for (EvaluationRun& evaluation : run.evaluations) {
    try {
      evaluation.run(box, run.context);
    } catch (const DataError& error) {
      throw DataError("{} (in block {} of {})", error.what(), format_box(box),
                      run.scan.datasets.empty() ? "what is in memory" : run.scan.datasets[0].info->ref.describe());
    }
  }
  times_.evaluate += timer.seconds() - (times_.write - written);
  times_.blocks += blocks;
  progress.advance(run.scan.weight / run.scan.num_blocks * blocks);
}

// Updates of the groups of a scan are over for now.
void Worker::rest(const Scan& scan) {
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
  std::int64_t freed = 0;
  for (auto& [tile, live] : live_[group]) {
    if (live.elements == pass_.groups[group].tile(tile).size() * pass_.groups[group].reduced) {
      outlet_.finish(group, tile, *live.state, times_.write);
    } else {
      // What earlier runs of blocks have left of the same tile is taken in, so that there is one part of each.
      TilePart& part = parts_[{group, tile}];
      if (!part.packed.empty()) live.state->combine_packed(std::exchange(part.packed, {}));
      part = {group, tile, part.elements + live.elements, live.state->pack()};
    }
    freed += live.state->memory();
    live.state.reset();
    if (freed < give_back_step) continue;
    give_back_free_memory();  // or a tile would be there twice, packed and as room that nobody uses
    freed = 0;
  }
  live_[group].clear();
}

}  // namespace xylem::detail
