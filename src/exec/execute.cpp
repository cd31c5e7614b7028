#include "xylem/exec/execute.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "xylem/comm/archive.hpp"
#include "xylem/comm/shared_counter.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/progress.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/timer.hpp"

#include "detail/evaluation_run.hpp"
#include "detail/intermediates.hpp"
#include "detail/merge.hpp"

namespace xylem {
namespace {

using detail::ArrayView;
using detail::LiveTile;
using detail::TilePart;

// Units that are taken from the shared counter, for each rank: more even work against more merging.
constexpr std::int64_t units_per_rank = 32;

// Runs one pass on this rank.
class PassRun {
 public:
  PassRun(const Communicator& comm, const Plan& plan, const Pass& pass, detail::Intermediates& intermediates,
          const ResultSink& sink, RankTimes& times)
      : comm_(comm),
        plan_(plan),
        pass_(pass),
        intermediates_(intermediates),
        sink_(sink),
        times_(times),
        live_(pass.groups.size()) {}

  void run() {
    if (plan_.options.schedule == Schedule::dynamic_dealing) {
      SharedCounter counter(comm_);
      comm_.agree([&] {
        take_units(counter);
        release_all(false);
      });
    } else {
      comm_.agree([&] {
        run_share();
        release_all(false);
      });
    }
    const Timer timer;
    const double written = times_.write;
    detail::merge(
        comm_, pass_, std::move(parts_),
        [this](std::size_t group, std::int64_t tile, const Accumulators& state) { finish(group, tile, state); },
        [this](std::size_t group, std::int64_t tile) { return make_state(group, tile); });
    intermediates_.spread(comm_);
    times_.merge += timer.seconds() - (times_.write - written);
  }

 private:
  void take_units(SharedCounter& counter) {
    const std::int64_t units = std::max<std::int64_t>(1, std::min(pass_.num_blocks(), units_per_rank * comm_.size()));
    Progress progress("reading", pass_.weight() / comm_.size(), Progress::for_stderr(comm_.rank() == 0, comm_.size()));
    for (std::int64_t unit = counter.next(); unit < units; unit = counter.next())
      run_ranges(pass_.share(unit, unit + 1, units), progress);
  }

  void run_share() {
    const std::vector<ScanRange> ranges = pass_.share(comm_.rank(), comm_.rank() + 1, plan_.options.topology.ranks);
    std::int64_t weight = 0;
    for (const ScanRange& range : ranges) weight += weight_of(range);
    Progress progress("reading", weight, Progress::for_stderr(comm_.rank() == 0, comm_.size()));
    run_ranges(ranges, progress);
  }

  void run_ranges(const std::vector<ScanRange>& ranges, Progress& progress) {
    for (const ScanRange& range : ranges) run_range(range, progress);
    release_all(true);
  }

  void release_all(bool streamed) {
    for (std::size_t g = 0; g < live_.size(); ++g) {
      if (pass_.groups[g].streamed || !streamed) release(g);
    }
  }

  [[nodiscard]] std::int64_t weight_of(const ScanRange& range) const {
    const Scan& scan = pass_.scans[range.scan];
    return static_cast<std::int64_t>(static_cast<double>(scan.weight) * static_cast<double>(range.end - range.begin) /
                                     static_cast<double>(scan.num_blocks));
  }

  void run_range(const ScanRange& range, Progress& progress) {
    const Scan& scan = pass_.scans[range.scan];
    detail::BlockSource source(files_, scan);
    std::vector<detail::EvaluationRun> evaluations;
    evaluations.reserve(scan.evaluations.size());
    for (const Evaluation& evaluation : scan.evaluations) evaluations.emplace_back(pass_, evaluation);
    const detail::EvaluationContext context{
        [&](const Leaf& leaf) { return leaf.intermediate ? intermediates_.view(leaf.index) : source.view(leaf.index); },
        [&](std::size_t group, std::int64_t tile) -> LiveTile& { return live_tile(group, tile); },
        [&](const Destination& destination, const Box& box, std::span<const std::byte> values) {
          emit(destination, box, values);
        }};
    const std::int64_t block_weight = weight_of({range.scan, 0, 1});
    std::vector<Shape> places(pass_.groups.size());
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      const Box block = scan.box(i);
      release_behind(scan, block, places);
      Timer timer;
      source.read(block);
      times_.read += timer.seconds();
      timer = Timer();
      const double written = times_.write;
      for (std::size_t e = 0; e < evaluations.size(); ++e) {
        try {
          evaluations[e].run(block, context);
        } catch (const DataError& error) {
          throw DataError("{} (in block {} of {})", error.what(), format_box(block),
                          scan.datasets.empty() ? "what is in memory"
                                                : scan.datasets[0].info->ref.file + ":" + scan.datasets[0].info->ref.path);
        }
      }
      times_.evaluate += timer.seconds() - (times_.write - written);
      ++times_.blocks;
      progress.advance(block_weight);
    }
  }

  // Tiles of streamed groups are left behind when blocks move on along an axis that the tiles are cut along.
  void release_behind(const Scan& scan, const Box& block, std::vector<Shape>& places) {
    for (const Evaluation& evaluation : scan.evaluations) {
      for (const GroupInput& input : evaluation.groups) {
        const ReductionGroup& group = pass_.groups[input.group];
        if (!group.streamed) continue;
        Shape place;
        for (std::size_t k = 0; k < block.start.size(); ++k) {
          const int axis = input.axes[k].axis;
          if (axis >= 0 && group.cuts[static_cast<std::size_t>(axis)].size() > 2) place.push_back(block.start[k]);
        }
        if (!places[input.group].empty() && place != places[input.group]) release(input.group);
        places[input.group] = std::move(place);
      }
    }
  }

  std::unique_ptr<Accumulators> make_state(std::size_t g, std::int64_t tile) const {
    const ReductionGroup& group = pass_.groups[g];
    return std::make_unique<Accumulators>(group.program, group.aggregates, group.tile(tile).size(), plan_.options.sums,
                                          group.tile_state);
  }

  LiveTile& live_tile(std::size_t g, std::int64_t tile) {
    LiveTile& live = live_[g][tile];
    if (!live.state) live.state = make_state(g, tile);
    return live;
  }

  // Finishes the tiles of a group that are whole, and packs the others for those who have the rest.
  void release(std::size_t g) {
    for (auto& [tile, live] : live_[g]) {
      if (live.elements == pass_.groups[g].tile(tile).size() * pass_.groups[g].reduced) {
        finish(g, tile, *live.state);
      } else {
        parts_.push_back({g, tile, live.elements, live.state->pack()});
      }
      live.state.reset();
    }
    live_[g].clear();
  }

  void finish(std::size_t g, std::int64_t tile, const Accumulators& state) {
    const ReductionGroup& group = pass_.groups[g];
    const Box outputs = group.tile(tile);
    for (const ReductionGroup::Target& target : group.targets) {
      std::vector<std::byte> values(static_cast<std::size_t>(outputs.size() * element_size(target.finalizer.result)));
      const auto overflow = state.finalize(target.finalizer, values);
      const std::size_t rank = target.destination.intermediate ? plan_.intermediates[target.destination.index].shape.size()
                                                               : plan_.results[target.destination.index].shape.size();
      Box box{Shape(rank, 0), Shape(rank, 1)};
      for (std::size_t a = 0; a < target.axes.size(); ++a) {
        const auto axis = static_cast<std::size_t>(target.axes[a]);
        box.start[axis] = outputs.start[a] + group.origin[a];
        box.count[axis] = outputs.count[a];
      }
      if (overflow) fail_overflow(target, box, *overflow);
      emit(target.destination, box, values);
    }
  }

  [[noreturn]] void fail_overflow(const ReductionGroup::Target& target, const Box& box, std::int64_t index) const {
    Shape place(box.count.size());
    for (std::size_t d = place.size(); d-- > 0;) {
      place[d] = box.start[d] + index % box.count[d];
      index /= box.count[d];
    }
    const std::string name = target.destination.intermediate ? plan_.intermediates[target.destination.index].what
                                                             : plan_.results[target.destination.index].name;
    throw DataError("the {} of '{}' at {} does not fit in {}; convert to float64 with astype first",
                    reduction_info(target.finalizer.reduction).name, printable(name), format_shape(place),
                    type_name(target.finalizer.result));
  }

  void emit(const Destination& destination, const Box& box, std::span<const std::byte> values) {
    if (box.size() == 0) return;
    if (destination.intermediate) return intermediates_.add(destination.index, box, values);
    const Timer timer;
    sink_(destination.index, box, values);
    times_.write += timer.seconds();
  }

  const Communicator& comm_;
  const Plan& plan_;
  const Pass& pass_;
  detail::Intermediates& intermediates_;
  const ResultSink& sink_;
  RankTimes& times_;
  FilePool files_;
  std::vector<std::map<std::int64_t, LiveTile>> live_;  // by group and tile
  std::vector<TilePart> parts_;
};

}  // namespace

std::vector<RankTimes> execute(const Communicator& comm, const Plan& plan, const ResultSink& sink) {
  XYLEM_EXPECT(plan.options.topology.ranks == comm.size(), "a plan for this communicator");
  RankTimes times;
  const Timer timer;
  detail::Intermediates intermediates(plan);
  for (const Pass& pass : plan.passes) PassRun(comm, plan, pass, intermediates, sink, times).run();
  times.total = timer.seconds();
  std::vector<RankTimes> all;
  std::string bytes(sizeof(RankTimes), '\0');
  std::memcpy(bytes.data(), &times, sizeof(RankTimes));
  for (const std::string& theirs : comm.all_gather(bytes)) std::memcpy(&all.emplace_back(), theirs.data(), sizeof(RankTimes));
  return all;
}

}  // namespace xylem
