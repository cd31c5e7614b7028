#include <algorithm>
#include <set>
#include <tuple>

#include "detail/pass_builder.hpp"

namespace xylem::detail {
namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

// Accumulators that stay in a core's cache need no better order.
constexpr std::int64_t small_state = mib;

// Packed accumulators that travel at once, at most.
constexpr std::int64_t merge_bytes = 16 * mib;

// How a group's kept axes lie in the axes of a scan, by axis of the scan: the kept axis, or -1.
std::vector<int> kept_axes(const GroupInput& input) {
  std::vector<int> kept;
  for (const TargetAxis& axis : input.axes) kept.push_back(axis.axis);
  return kept;
}

// The axes of a scan in whose order come first those that a group keeps.
std::vector<int> kept_first(const Scan& scan, const std::vector<int>& kept) {
  std::vector<int> order;
  for (const bool keeps : {true, false}) {
    for (std::size_t k = 0; k < scan.shape.size(); ++k) {
      if ((kept[k] >= 0) == keeps) order.push_back(static_cast<int>(k));
    }
  }
  return order;
}

struct Use {
  std::size_t scan;
  const GroupInput* input;
  const Evaluation* evaluation;
};

// Whether no output has elements in several blocks along this axis of the scan, of all that goes into a group.
bool keeps_blocks_apart(const std::vector<Use>& uses, std::size_t k) {
  struct Line {  // outputs [begin, end), at these positions: at + step * output
    std::int64_t begin, end, at, step;
  };
  std::vector<Line> lines;
  for (const Use& use : uses) {
    const AxisRange& range = use.evaluation->axes[k];
    const std::int64_t begin = use.input->axes[k].offset, step = range.count == 1 ? 0 : range.step;
    lines.push_back({begin, begin + range.count, range.start - step * begin, step});
  }
  std::ranges::sort(lines, {}, [](const Line& line) { return std::tuple(line.begin, line.end, line.at, line.step); });
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Line &a = lines[i - 1], &b = lines[i];
    const bool same = a.begin == b.begin && a.end == b.end && a.at == b.at && a.step == b.step;
    if (!same && b.begin < a.end) return false;
  }
  return true;
}

// The axes that a group keeps and that come, in this order, before any other along which there are several blocks.
std::set<int> leading(const Scan& scan, const std::vector<int>& order, const std::vector<Use>& uses) {
  const std::vector<int> kept = kept_axes(*uses[0].input);
  std::set<int> axes;
  for (const int axis : order) {
    const auto k = static_cast<std::size_t>(axis);
    if (kept[k] >= 0 && keeps_blocks_apart(uses, k)) {
      axes.insert(kept[k]);
    } else if (scan.columns[k].size() > 1) {
      break;
    }
  }
  return axes;
}

// Accumulators that are small have room for any data; larger ones are counted for a wide spread of values, and get what memory
// there is besides.
std::int64_t state_bytes(const ReductionGroup& group, std::int64_t outputs, SumMode mode) {
  const std::int64_t most = aggregate_memory(group.program, group.aggregates, outputs, mode, Spread::any);
  constexpr std::int64_t few = mib / 4;
  return most <= few ? most : aggregate_memory(group.program, group.aggregates, outputs, mode, Spread::wide);
}

class Arrangement {
 public:
  Arrangement(Pass& pass, const PassContext& context) : pass_(pass), context_(context), uses_(pass.groups.size()) {
    for (std::size_t s = 0; s < pass.scans.size(); ++s) {
      for (const Evaluation& evaluation : pass.scans[s].evaluations) {
        for (const GroupInput& input : evaluation.groups) uses_[input.group].push_back({s, &input, &evaluation});
      }
    }
  }

  void run() {
    pass_.merge_bytes = std::clamp(context_.options.memory_limit / 32, mib, merge_bytes);
    if (context_.runs("column-order")) {
      context_.steps.run("column-order", [&] {
        for (std::size_t s = 0; s < pass_.scans.size(); ++s) choose_order(s);
      });
    }
    for (std::size_t g = 0; g < pass_.groups.size(); ++g) cut_into_tiles(g);
    pass_.memory = pass_memory(pass_, context_, MemoryOf::usual);
    pass_.memory_bound = pass_memory(pass_, context_, MemoryOf::bound);
    pass_.accumulators_bound = pass_memory(pass_, context_, MemoryOf::accumulators);
  }

 private:
  [[nodiscard]] std::int64_t num_workers() const {
    return std::int64_t{context_.options.topology.ranks} * context_.options.threads;
  }

  [[nodiscard]] bool in_one_scan(std::size_t g) const {
    return !uses_[g].empty() && std::ranges::all_of(uses_[g], [&](const Use& use) {
      return use.scan == uses_[g][0].scan && kept_axes(*use.input) == kept_axes(*uses_[g][0].input);
    });
  }

  // Outputs of which a worker holds accumulators at once, when blocks come in this order.
  [[nodiscard]] std::int64_t live_outputs(std::size_t g, const Scan& scan, const std::vector<int>& order) const {
    const std::vector<int> kept = kept_axes(*uses_[g][0].input);
    const std::set<int> cut = leading(scan, order, uses_[g]);
    std::int64_t outputs = 1;
    for (std::size_t k = 0; k < kept.size(); ++k) {
      if (kept[k] < 0) continue;
      const std::int64_t extent = pass_.groups[g].kept[static_cast<std::size_t>(kept[k])];
      outputs *= cut.contains(kept[k]) ? std::min(extent, scan.block[k]) : extent;
    }
    return outputs;
  }

  void choose_order(std::size_t s) {
    Scan& scan = pass_.scans[s];
    std::set<std::size_t> groups;
    for (std::size_t g = 0; g < pass_.groups.size(); ++g) {
      if (in_one_scan(g) && uses_[g][0].scan == s) groups.insert(g);
    }
    const auto cost = [&](const std::vector<int>& order) {
      std::int64_t bytes = 0;
      for (const std::size_t g : groups) {
        bytes += state_bytes(pass_.groups[g], live_outputs(g, scan, order), context_.options.sums);
      }
      return bytes;
    };
    std::vector<int> best = scan.order;
    if (cost(best) <= small_state) return;
    for (const std::size_t g : groups) {
      const std::vector<int> order = kept_first(scan, kept_axes(*uses_[g][0].input));
      if (cost(order) < cost(best)) best = order;
    }
    scan.order = best;
  }

  void cut_into_tiles(std::size_t g) {
    ReductionGroup& group = pass_.groups[g];
    for (const std::int64_t extent : group.kept) group.cuts.push_back({0, extent});
    if (in_one_scan(g)) {
      const Scan& scan = pass_.scans[uses_[g][0].scan];
      for (const int axis : leading(scan, scan.order, uses_[g])) {
        cut_at_blocks(group, static_cast<std::size_t>(axis), uses_[g], scan);
      }
      group.streamed = group.num_tiles() > 1;
    }
    if (!group.streamed) cut_for_merging(group);
    group.tile_state = state_bytes(group, group.tile_outputs(), context_.options.sums);
    group.tile_usual =
        aggregate_memory(group.program, group.aggregates, group.tile_outputs(), context_.options.sums, Spread::usual);
    group.live_tiles = group.streamed ? tiles_of_block(group, uses_[g], pass_.scans[uses_[g][0].scan]) : group.num_tiles();
  }

  // Tiles end where blocks do.
  static void cut_at_blocks(ReductionGroup& group, std::size_t axis, const std::vector<Use>& uses, const Scan& scan) {
    std::vector<std::int64_t>& cuts = group.cuts[axis];
    for (const Use& use : uses) {
      for (std::size_t k = 0; k < use.input->axes.size(); ++k) {
        const TargetAxis& target = use.input->axes[k];
        if (target.axis != static_cast<int>(axis)) continue;
        for (const std::int64_t column : scan.columns[k]) {
          const auto in = indices_in(use.evaluation->axes[k], column * scan.block[k], scan.block[k]);
          if (in.first == in.second) continue;
          for (const std::int64_t cut : {target.offset + in.first, target.offset + in.second}) {
            if (cut != cuts.back()) cuts.push_back(cut);
          }
        }
      }
    }
    std::ranges::sort(cuts);
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  }

  // Tiles that one block meets at most.
  static std::int64_t tiles_of_block(const ReductionGroup& group, const std::vector<Use>& uses, const Scan& scan) {
    std::int64_t all = 0;
    for (const Use& use : uses) {
      std::int64_t tiles = 1;
      for (std::size_t k = 0; k < use.input->axes.size(); ++k) {
        const TargetAxis& target = use.input->axes[k];
        if (target.axis < 0) continue;
        const std::vector<std::int64_t>& cuts = group.cuts[static_cast<std::size_t>(target.axis)];
        std::int64_t most = 1;
        for (const std::int64_t column : scan.columns[k]) {
          const auto in = indices_in(use.evaluation->axes[k], column * scan.block[k], scan.block[k]);
          if (in.first == in.second) continue;
          const auto begin = std::ranges::upper_bound(cuts, target.offset + in.first);
          most = std::max<std::int64_t>(most, std::lower_bound(begin, cuts.end(), target.offset + in.second) - begin + 1);
        }
        tiles *= most;
      }
      all += tiles;
    }
    return std::min(all, group.num_tiles());
  }

  // Accumulators that live for the whole pass are merged piece by piece, each piece on a rank of its own.
  void cut_for_merging(ReductionGroup& group) const {
    const auto found = std::ranges::find_if(group.kept, [](std::int64_t extent) { return extent > 1; });
    if (found == group.kept.end() || num_workers() == 1) return;
    const auto axis = static_cast<std::size_t>(found - group.kept.begin());
    const std::int64_t bytes = state_bytes(group, outputs(group), context_.options.sums);
    const std::int64_t piece = std::max(mib / 2, pass_.merge_bytes / context_.options.topology.ranks);
    const std::int64_t pieces = std::min(*found, (bytes + piece - 1) / piece);
    group.cuts[axis].clear();
    for (std::int64_t i = 0; i <= pieces; ++i) group.cuts[axis].push_back(*found * i / pieces);
  }

  static std::int64_t outputs(const ReductionGroup& group) {
    std::int64_t all = 1;
    for (const std::int64_t extent : group.kept) all *= extent;
    return all;
  }
  Pass& pass_;
  const PassContext& context_;
  std::vector<std::vector<Use>> uses_;  // by group
};

}  // namespace

void arrange(Pass& pass, const PassContext& context) { Arrangement(pass, context).run(); }

}  // namespace xylem::detail
