#include <algorithm>
#include <limits>

#include "xylem/plan/plan.hpp"
#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

// Least and greatest position, and the steps between.
struct Span {
  std::int64_t low;
  std::int64_t high;
  std::int64_t step;
};

Span span_of(const LeafAxis& leaf, std::pair<std::int64_t, std::int64_t> indices) {
  if (leaf.axis < 0) return {leaf.start, leaf.start, 1};
  const std::int64_t first = leaf.start + leaf.step * indices.first;
  const std::int64_t last = leaf.start + leaf.step * (indices.second - 1);
  return {std::min(first, last), std::max(first, last), std::max<std::int64_t>(1, std::abs(leaf.step))};
}

// Which chunks along one axis, counted from the first one of `box`, hold positions of the span.
std::vector<bool> chunks_of(const Span& span, std::int64_t begin, std::int64_t count, std::int64_t chunk) {
  const std::int64_t first = begin / chunk;
  std::vector<bool> needed(static_cast<std::size_t>((begin + count - 1) / chunk - first + 1));
  if (span.step <= chunk) {
    for (std::int64_t c = span.low / chunk; c <= span.high / chunk; ++c) needed[static_cast<std::size_t>(c - first)] = true;
  } else {
    for (std::int64_t p = span.low; p <= span.high; p += span.step) needed[static_cast<std::size_t>(p / chunk - first)] = true;
  }
  return needed;
}

}  // namespace

std::pair<std::int64_t, std::int64_t> indices_in(const AxisRange& range, std::int64_t begin, std::int64_t count) {
  const std::int64_t end = begin + count - 1;  // the last position
  std::int64_t first = 0, last = 0;
  if (range.step > 0) {
    first = -floor_divide(range.start - begin, range.step);
    last = floor_divide(end - range.start, range.step);
  } else {
    first = -floor_divide(end - range.start, -range.step);
    last = floor_divide(range.start - begin, -range.step);
  }
  first = std::max<std::int64_t>(first, 0);
  last = std::min(last, range.count - 1);
  return first <= last ? std::pair{first, last + 1} : std::pair<std::int64_t, std::int64_t>{0, 0};
}

namespace {

// What a block needs of a dataset: of each leaf the positions along the dataset's axes, and the box of them all.
struct BlockUses {
  std::vector<std::vector<Span>> uses{};  // a leaf each
  Shape low{}, high{};
};

BlockUses uses_of(const Scan& scan, std::size_t dataset, const Box& block) {
  const std::size_t rank = scan.datasets[dataset].info->shape.size();
  BlockUses found;
  auto& [uses, low, high] = found;
  for (const Evaluation& evaluation : scan.evaluations) {
    std::vector<std::pair<std::int64_t, std::int64_t>> indices;
    for (std::size_t k = 0; k < block.start.size(); ++k) {
      indices.push_back(indices_in(evaluation.axes[k], block.start[k], block.count[k]));
    }
    if (std::ranges::any_of(indices, [](const auto& range) { return range.first == range.second; })) continue;
    for (const Leaf& leaf : evaluation.leaves) {
      if (leaf.intermediate || leaf.index != dataset) continue;
      std::vector<Span> use;
      for (const LeafAxis& axis : leaf.axes) {
        use.push_back(span_of(
            axis, axis.axis < 0 ? std::pair<std::int64_t, std::int64_t>{0, 1} : indices[static_cast<std::size_t>(axis.axis)]));
      }
      if (uses.empty()) {
        low.assign(rank, std::numeric_limits<std::int64_t>::max());
        high.assign(rank, 0);
      }
      for (std::size_t d = 0; d < rank; ++d) {
        low[d] = std::min(low[d], use[d].low);
        high[d] = std::max(high[d], use[d].high);
      }
      uses.push_back(std::move(use));
    }
  }
  return found;
}

}  // namespace

std::optional<Box> needed_box(const Scan& scan, std::size_t dataset, const Box& block) {
  const auto [uses, low, high] = uses_of(scan, dataset, block);
  if (uses.empty()) return std::nullopt;
  Box box{low, high};
  for (std::size_t d = 0; d < low.size(); ++d) box.count[d] += 1 - low[d];
  return box;
}

BlockRead block_read(const Scan& scan, std::size_t dataset, const Box& block) {
  const DatasetInfo& info = *scan.datasets[dataset].info;
  const std::size_t rank = info.shape.size();
  auto [uses, low, high] = uses_of(scan, dataset, block);
  BlockRead read;
  if (uses.empty()) return read;
  read.needed = true;
  read.box.start.resize(rank);
  read.box.count.resize(rank);
  const bool chunked = info.layout == Layout::chunked;
  for (std::size_t d = 0; d < rank; ++d) {
    if (chunked && !info.filters.empty()) {
      low[d] -= low[d] % info.chunk[d];
      high[d] = std::min(info.shape[d] - 1, high[d] - high[d] % info.chunk[d] + info.chunk[d] - 1);
    }
    read.box.start[d] = low[d];
    read.box.count[d] = high[d] - low[d] + 1;
  }
  if (!chunked || rank == 0) return read;

  Shape first(rank), grid(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    first[d] = low[d] / info.chunk[d];
    grid[d] = high[d] / info.chunk[d] - first[d] + 1;
  }
  const ChunkGrid chunks(grid, Shape(rank, 1));
  if (chunks.size() == 1) return read;
  std::vector<bool> needed(static_cast<std::size_t>(chunks.size()));
  for (const std::vector<Span>& use : uses) {
    std::vector<std::vector<bool>> along;
    for (std::size_t d = 0; d < rank; ++d) along.push_back(chunks_of(use[d], low[d], read.box.count[d], info.chunk[d]));
    for (std::int64_t i = 0; i < chunks.size(); ++i) {
      const Shape at = chunks.coordinates(i);
      bool mine = true;
      for (std::size_t d = 0; d < rank; ++d) mine = mine && along[d][static_cast<std::size_t>(at[d])];
      if (mine) needed[static_cast<std::size_t>(i)] = true;
    }
  }
  if (std::ranges::all_of(needed, [](bool is) { return is; })) return read;
  read.all = false;
  for (std::int64_t i = 0; i < chunks.size();) {
    if (!needed[static_cast<std::size_t>(i)]) {
      ++i;
      continue;
    }
    const Shape at = chunks.coordinates(i);
    std::int64_t run = 1;  // chunks side by side along the fastest axis
    while (at[rank - 1] + run < grid[rank - 1] && needed[static_cast<std::size_t>(i + run)]) ++run;
    Box& part = read.parts.emplace_back();
    for (std::size_t d = 0; d < rank; ++d) {
      const std::int64_t many = d + 1 == rank ? run : 1;
      const std::int64_t begin = std::max((first[d] + at[d]) * info.chunk[d], low[d]);
      const std::int64_t end = std::min((first[d] + at[d] + many) * info.chunk[d], high[d] + 1);
      part.start.push_back(begin);
      part.count.push_back(end - begin);
    }
    i += run;
  }
  return read;
}

Box Scan::box(std::int64_t i) const {
  Box box{Shape(shape.size()), Shape(shape.size())};
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const auto k = static_cast<std::size_t>(*axis);
    const auto blocks = static_cast<std::int64_t>(columns[k].size());
    box.start[k] = columns[k][static_cast<std::size_t>(i % blocks)] * block[k];
    box.count[k] = std::min(block[k], shape[k] - box.start[k]);
    i /= blocks;
  }
  return box;
}

std::int64_t ReductionGroup::num_tiles() const {
  std::int64_t tiles = 1;
  for (const auto& along : cuts) tiles *= static_cast<std::int64_t>(along.size()) - 1;
  return tiles;
}

Box ReductionGroup::tile(std::int64_t i) const {
  Box box{Shape(cuts.size()), Shape(cuts.size())};
  for (std::size_t a = cuts.size(); a-- > 0;) {
    const auto tiles = static_cast<std::int64_t>(cuts[a].size()) - 1;
    const auto at = static_cast<std::size_t>(i % tiles);
    box.start[a] = cuts[a][at];
    box.count[a] = cuts[a][at + 1] - cuts[a][at];
    i /= tiles;
  }
  return box;
}

std::int64_t ReductionGroup::tile_outputs() const {
  std::int64_t largest = 1;
  for (const auto& along : cuts) {
    std::int64_t widest = 0;
    for (std::size_t i = 1; i < along.size(); ++i) widest = std::max(widest, along[i] - along[i - 1]);
    largest *= widest;
  }
  return largest;
}

std::int64_t ReductionGroup::tile_of(const Shape& output) const {
  std::int64_t index = 0;
  for (std::size_t a = 0; a < cuts.size(); ++a) {
    const auto at = std::upper_bound(cuts[a].begin(), cuts[a].end() - 1, output[a]) - cuts[a].begin() - 1;
    index = index * (static_cast<std::int64_t>(cuts[a].size()) - 1) + at;
  }
  return index;
}

std::int64_t Intermediate::bytes() const {
  constexpr std::int64_t largest = std::int64_t{1} << 56;  // more than any limit, and sums of it are counted still
  const auto elements = num_elements(shape);
  const auto all = elements ? checked_product(*elements, element_size(type)) : std::nullopt;
  return std::min(all.value_or(largest), largest);
}

std::int64_t Pass::weight() const {
  std::int64_t total = 0;
  for (const Scan& scan : scans) total += scan.weight;
  return total;
}

std::int64_t Pass::num_blocks() const {
  std::int64_t total = 0;
  for (const Scan& scan : scans) total += scan.num_blocks;
  return total;
}

std::vector<ScanRange> Pass::share(std::int64_t first, std::int64_t last, std::int64_t parts) const {
  __extension__ using Wide = __int128;
  const std::int64_t all = weight();
  const auto boundary = [&](std::int64_t part) { return static_cast<std::int64_t>(static_cast<Wide>(all) * part / parts); };
  const std::int64_t begin = boundary(first), end = boundary(last);
  // The first block that starts at or behind a place in the running weight; a scan's blocks count alike.
  const auto block_at = [](const Scan& scan, std::int64_t within) {
    if (within <= 0) return std::int64_t{0};
    if (within >= scan.weight) return scan.num_blocks;
    return static_cast<std::int64_t>((static_cast<Wide>(within) * scan.num_blocks + scan.weight - 1) / scan.weight);
  };
  std::vector<ScanRange> ranges;
  std::int64_t before = 0;
  for (std::size_t s = 0; s < scans.size() && before < end; ++s) {
    const Scan& scan = scans[s];
    const ScanRange range{s, block_at(scan, begin - before), block_at(scan, end - before)};
    if (range.begin < range.end) ranges.push_back(range);
    before += scan.weight;
  }
  return ranges;
}

ScanRange Pass::share_of_scan(std::size_t scan, std::int64_t i, std::int64_t parts) const {
  __extension__ using Wide = __int128;
  const auto boundary = [&](std::int64_t part) {
    return static_cast<std::int64_t>(static_cast<Wide>(scans[scan].num_blocks) * part / parts);
  };
  return {scan, boundary(i), boundary(i + 1)};
}

ShareSummary share_of_rank(const Plan& plan, const Pass& pass, int rank) {
  ShareSummary summary;
  __extension__ using Wide = __int128;
  const std::int64_t ranks = plan.options.topology.ranks;
  std::vector<ScanRange> ranges;
  if (plan.options.io == IoStrategy::collective) {
    for (std::size_t s = 0; s < pass.scans.size(); ++s) ranges.push_back(pass.share_of_scan(s, rank, ranks));
  } else {
    ranges = pass.share(rank, rank + 1, ranks);
  }
  for (const ScanRange& range : ranges) {
    const Scan& scan = pass.scans[range.scan];
    summary.blocks += range.end - range.begin;
    summary.weight += static_cast<std::int64_t>(static_cast<Wide>(scan.weight) * (range.end - range.begin) /
                                                std::max<std::int64_t>(1, scan.num_blocks));
  }
  return summary;
}

}  // namespace xylem
