// What a pass takes of a rank's memory. Its stages follow each other, and the one that takes most counts.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "detail/file_memory.hpp"
#include "detail/pass_builder.hpp"

namespace xylem::detail {
namespace {

// Workers that free accumulators give them back to the system in steps (exec/worker.cpp).
constexpr std::int64_t give_back_step = std::int64_t{4} << 20;

// Bytes of one result of a group's finished tile.
std::int64_t result_bytes(const ReductionGroup& group) {
  std::int64_t element = 0;
  for (const ReductionGroup::Target& target : group.targets) {
    element = std::max<std::int64_t>(element, element_size(target.finalizer.result));
  }
  return group.tile_outputs() * element;
}

// Of intermediate results that the pass finds.
std::int64_t found_bytes(const Pass& pass, const PassContext& context) {
  std::set<std::size_t> found;  // each once, whatever number of pieces it comes in
  const auto add = [&](const Destination& to) {
    if (to.intermediate) found.insert(to.index);
  };
  for (const ReductionGroup& group : pass.groups) {
    for (const ReductionGroup::Target& target : group.targets) add(target.destination);
  }
  for (const Scan& scan : pass.scans) {
    for (const Evaluation& evaluation : scan.evaluations) {
      for (const Emission& emission : evaluation.emissions) add(emission.destination);
    }
  }
  std::int64_t bytes = 0;
  for (const std::size_t index : found) bytes += context.intermediate_bytes(index);
  return bytes;
}

// What HDF5 keeps of the files that workers have open.
std::int64_t file_bytes(const Pass& pass, const PlanOptions& options) {
  std::map<std::string_view, std::int64_t> files;
  for (const Scan& scan : pass.scans) {
    for (const ScanDataset& dataset : scan.datasets) {
      count_file_memory(files, *dataset.info, dataset.storage);
    }
  }
  return open_file_memory(files, options.threads);
}

// How often the tiles of a scan that are left behind every `period` blocks are cut by the ends of a run of blocks, so that others
// have the rest.
std::int64_t cut_tiles(std::int64_t begin, std::int64_t end, std::int64_t period) {
  const bool at_begin = begin % period != 0, at_end = end % period != 0;
  return begin == end                           ? 0
         : begin / period == (end - 1) / period ? (at_begin || at_end ? 1 : 0)
                                                : (at_begin ? 1 : 0) + (at_end ? 1 : 0);
}

// How many times its live tiles a streamed group leaves in parts, with the worker that has most of them.
std::int64_t streamed_parts(const Pass& pass, std::size_t g, const PlanOptions& options) {
  constexpr std::int64_t counted_workers = 64;  // of more, one has a run that others cut at both ends
  const ReductionGroup& group = pass.groups[g];
  const std::int64_t workers = std::int64_t{options.topology.ranks} * options.threads;
  const bool dynamic = options.schedule == Schedule::dynamic_dealing;
  std::int64_t most = 0;
  for (std::size_t s = 0; s < pass.scans.size(); ++s) {
    const Scan& scan = pass.scans[s];
    for (const Evaluation& evaluation : scan.evaluations) {
      const auto input = std::ranges::find(evaluation.groups, g, &GroupInput::group);
      if (input == evaluation.groups.end()) continue;
      std::int64_t places = 1;  // of blocks, each of which has tiles of its own
      for (std::size_t k = 0; k < scan.columns.size(); ++k) {
        const int axis = input->axes[k].axis;
        if (axis >= 0 && group.cuts[static_cast<std::size_t>(axis)].size() > 2) places *= std::ssize(scan.columns[k]);
      }
      const std::int64_t period = scan.num_blocks / std::max<std::int64_t>(1, places);
      if (period <= 1) continue;
      std::int64_t parts = 0;
      if (options.io == IoStrategy::collective) {
        parts = std::min<std::int64_t>(places, 2);  // each scan is shared by all
      } else if (dynamic) {
        parts = std::min(places, 2 * units_per_worker);
      } else if (workers > counted_workers) {
        parts = std::min<std::int64_t>(places, 2);
      } else {
        for (std::int64_t w = 0; w < workers; ++w) {
          for (const ScanRange& range : pass.share(w, w + 1, workers)) {
            if (range.scan == s) parts = std::max(parts, cut_tiles(range.begin, range.end, period));
          }
        }
      }
      most = std::max(most, parts);
    }
  }
  return most;
}

// What a worker holds of all groups.
struct Held {
  std::int64_t state = 0;     // accumulators that are alive
  std::int64_t streamed = 0;  // parts of tiles that others have the rest of, packed while blocks are read
  std::int64_t parts = 0;     // all such parts, in the end
  std::int64_t tile = 0;      // the largest of their tiles
  std::int64_t behind = 0;    // to finish or pack a tile while blocks are read
  std::int64_t results = 0;   // a finished tile
};

Held held(const Pass& pass, const PlanOptions& options, MemoryOf what) {
  const bool merges = std::int64_t{options.topology.ranks} * options.threads > 1;
  Held held;
  for (std::size_t g = 0; g < pass.groups.size(); ++g) {
    const ReductionGroup& group = pass.groups[g];
    const std::int64_t tile = what == MemoryOf::usual ? group.tile_usual : group.tile_state;
    const std::int64_t results = what == MemoryOf::accumulators ? 0 : result_bytes(group);
    held.state += group.live_tiles * tile;
    held.results = std::max(held.results, results);
    const std::int64_t parts = !merges           ? 0
                               : !group.streamed ? group.live_tiles
                                                 : streamed_parts(pass, g, options) * group.live_tiles;
    held.parts += parts * tile;
    if (parts > 0) held.tile = std::max(held.tile, tile);
    if (!group.streamed) continue;
    held.streamed += parts * tile;
    held.behind = std::max({held.behind, results, parts > 0 ? tile : 0});
  }
  return held;
}

// What updates need while a worker is at one scan.
std::int64_t updating(const Pass& pass, const Scan& scan) {
  std::set<std::size_t> groups;
  for (const Evaluation& evaluation : scan.evaluations) {
    for (const GroupInput& input : evaluation.groups) groups.insert(input.group);
  }
  std::int64_t bytes = 0;
  for (const std::size_t g : groups) bytes += pass.groups[g].live_tiles * update_memory(pass.groups[g].aggregates);
  return bytes;
}

}  // namespace

std::int64_t pass_memory(const Pass& pass, const PassContext& context, MemoryOf what) {
  const PlanOptions& options = context.options;
  const std::int64_t ranks = options.topology.ranks, threads = options.threads;
  const Held each = held(pass, options, what);
  const bool all = what != MemoryOf::accumulators;
  std::int64_t blocks = 0;
  for (const Scan& scan : pass.scans) {
    if (all) blocks = std::max(blocks, (what == MemoryOf::usual ? scan.block_usual : scan.block_memory) + updating(pass, scan));
  }
  // Each worker reads and evaluates; a tile is finished or packed while the accumulators of all are still there.
  const std::int64_t files = all ? file_bytes(pass, options) : 0;
  const std::int64_t working = files + threads * (blocks + each.state + each.streamed + each.behind);
  // Then tiles that live for the whole pass are packed, or finished where there is one worker, one after the other.
  const std::int64_t packing = files + threads * (each.state + each.streamed) + std::max(each.results, each.tile) +
                               std::min(threads * each.state, give_back_step);

  // A round merges some tiles, each on one rank: at least one a rank, and more of small ones. A rank has all its parts, or the
  // messages that they have become, and what has come of other ranks; then the accumulators of its tiles beside that.
  const std::int64_t parts = threads * each.parts;
  // Rounds and turns are cut by the bound of what tiles take (exec/merge.cpp): of usual ones they have less.
  const std::int64_t most_parts = threads * held(pass, options, MemoryOf::bound).parts;
  const double share = static_cast<double>(parts) / static_cast<double>(std::max<std::int64_t>(1, most_parts));
  const auto merge_bytes = static_cast<std::int64_t>(share * static_cast<double>(pass.merge_bytes));
  const std::int64_t round = std::min(parts * ranks, std::max(merge_bytes + each.tile, ranks * each.tile));
  const std::int64_t mine = (round + ranks - 1) / ranks;
  const std::int64_t message = std::min(parts, threads * mine);  // what a rank has of another's tiles
  // Ranks that send in one turn have no more of what they sent when tiles are made of it.
  const bool one_turn = ranks * message <= merge_bytes;
  const std::int64_t comes = ranks == 1 ? 0 : one_turn ? (ranks - 1) * message : merge_bytes + message;
  const std::int64_t made = mine + each.results;
  const std::int64_t merging = parts == 0 ? 0 : files + parts + (one_turn ? std::max(comes, made) : comes + made);

  // Each rank tells the others what it found.
  const std::int64_t all_found = all ? found_bytes(pass, context) : 0;
  const std::int64_t found = what == MemoryOf::usual ? (all_found + ranks - 1) / ranks : all_found;
  const std::int64_t spreading = ranks > 1 ? 3 * std::min(all_found, spread_bytes) : 0;
  return found + std::max({working, packing, merging, spreading});
}

}  // namespace xylem::detail
