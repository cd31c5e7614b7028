#include "detail/block_runs.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace xylem::detail {
namespace {

using ChunkStarts = std::vector<const Shape*>;  // of one dataset

// Axes of the scan, by number, along which tiles of streamed groups end where blocks do.
std::set<std::size_t> tiled_axes(const Pass& pass, const Scan& scan) {
  std::set<std::size_t> axes;
  for (const Evaluation& evaluation : scan.evaluations) {
    for (const GroupInput& input : evaluation.groups) {
      const ReductionGroup& group = pass.groups[input.group];
      for (std::size_t k = 0; k < input.axes.size() && group.streamed; ++k) {
        const int axis = input.axes[k].axis;
        if (axis >= 0 && group.cuts[static_cast<std::size_t>(axis)].size() > 2) axes.insert(k);
      }
    }
  }
  return axes;
}

class Splitting {
 public:
  Splitting(const Pass& pass, const Scan& scan) : scan_(scan), tiled_(tiled_axes(pass, scan)) {}

  // Cuts blocks [begin, end) into boxes of blocks: as many as can be of those that lie side by side along one axis.
  void split(std::int64_t begin, std::int64_t end, const std::vector<ChunkStarts>& chunks) {
    while (begin < end) {
      std::int64_t size = 1;  // of what lies below the axis
      for (auto axis = scan_.order.rbegin(); axis != scan_.order.rend(); ++axis) {
        const std::int64_t all = size * columns(*axis);
        if (begin % all != 0 || begin + all > end) break;
        size = all;
      }
      std::int64_t above = size;  // up to where the next axis goes on
      std::int64_t below = 1;
      for (auto axis = scan_.order.rbegin(); axis != scan_.order.rend(); ++axis) {
        below *= columns(*axis);
        if (below <= size) continue;
        above = std::min((end - begin) / size * size, (begin / below + 1) * below - begin);
        break;
      }
      visit({begin, begin + above, true}, chunks);
      begin += above;
    }
  }

  std::vector<BlockRun> runs{};

 private:
  [[nodiscard]] std::int64_t columns(int axis) const { return std::ssize(scan_.columns[static_cast<std::size_t>(axis)]); }

  // A box of blocks: empty, or a block, or cut in two along the axis whose blocks lie farthest apart.
  void visit(const BlockRun& run, const std::vector<ChunkStarts>& chunks) {
    const Box box = box_of(scan_, run);
    std::vector<ChunkStarts> inside(chunks.size());
    bool empty = true;
    for (std::size_t d = 0; d < chunks.size(); ++d) {
      if (chunks[d].empty()) continue;
      const std::optional<Box> needed = needed_box(scan_, d, box);
      if (!needed) continue;
      for (const Shape* start : chunks[d]) {
        if (meets(*start, scan_.datasets[d].info->chunk, *needed)) inside[d].push_back(start);
      }
      empty = empty && inside[d].empty();
    }
    if (empty && within_tiles(run)) return append(run);
    if (run.end - run.begin == 1) return append({run.begin, run.end, false});
    const std::int64_t step = step_of(run);
    const std::int64_t middle = run.begin + (run.end - run.begin) / step / 2 * step;
    visit({run.begin, middle, true}, inside);
    visit({middle, run.end, true}, inside);
  }

  static bool meets(const Shape& start, const Shape& chunk, const Box& box) {
    for (std::size_t d = 0; d < start.size(); ++d) {
      if (start[d] >= box.start[d] + box.count[d] || start[d] + chunk[d] <= box.start[d]) return false;
    }
    return true;
  }

  // Blocks from one to the next along the slowest axis along which a box has several.
  [[nodiscard]] std::int64_t step_of(const BlockRun& run) const {
    std::int64_t step = 1;
    for (auto axis = scan_.order.rbegin(); axis != scan_.order.rend(); ++axis) {
      const std::int64_t next = step * columns(*axis);
      if (next >= run.end - run.begin && (run.end - run.begin) / step > 1) break;
      step = next;
    }
    return step;
  }

  [[nodiscard]] bool within_tiles(const BlockRun& run) const {
    const Shape first = scan_.box(run.begin).start, last = scan_.box(run.end - 1).start;
    return std::ranges::all_of(tiled_, [&](std::size_t k) { return first[k] == last[k]; });
  }

  void append(const BlockRun& run) {
    if (!run.empty && !runs.empty() && !runs.back().empty) {
      runs.back().end = run.end;
    } else {
      runs.push_back(run);
    }
  }

  const Scan& scan_;
  std::set<std::size_t> tiled_;
};

}  // namespace

std::vector<BlockRun> block_runs(const Pass& pass, const ScanRange& range) {
  const Scan& scan = pass.scans[range.scan];
  const bool keeps_values = std::ranges::any_of(scan.evaluations, [](const Evaluation& e) { return !e.emissions.empty(); });
  std::vector<ChunkStarts> chunks;
  bool known = !scan.datasets.empty() && !keeps_values;
  for (const ScanDataset& dataset : scan.datasets) {
    ChunkStarts& starts = chunks.emplace_back();
    for (const Shape& start : dataset.storage.sparse_chunks) starts.push_back(&start);
    known = known && (dataset.storage.allocated_chunks == 0 || !starts.empty());
  }
  if (!known) return {{range.begin, range.end, false}};
  Splitting splitting(pass, scan);
  splitting.split(range.begin, range.end, chunks);
  return std::move(splitting.runs);
}

Box box_of(const Scan& scan, const BlockRun& run) {
  Box box = scan.box(run.begin);
  const Box last = scan.box(run.end - 1);
  for (std::size_t k = 0; k < box.start.size(); ++k) box.count[k] = last.start[k] + last.count[k] - box.start[k];
  return box;
}

}  // namespace xylem::detail
