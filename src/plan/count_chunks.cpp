#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "xylem/support/saturated.hpp"

#include "detail/chunk_runs.hpp"

namespace xylem::detail {
namespace {

// What one leaf needs of a dataset, and over which part of the scan.
struct Access {
  const Evaluation* evaluation;
  const Leaf* leaf;
};

// What an access needs along one axis of the scan.
struct Along {
  LeafAxis leaf;
  AxisRange range;
  friend bool operator==(const Along&, const Along&) = default;
};

struct Counts {
  double different = 1;
  double reads = 1;  ///< by block
};

std::int64_t size(const ChunkRuns& runs) {
  std::int64_t chunks = 0;
  for (const ChunkRun& run : runs) chunks += run.last - run.first + 1;
  return chunks;
}

void intersect(ChunkRuns& runs, const ChunkRuns& others, ChunkRuns& scratch) {
  scratch.clear();
  for (std::size_t a = 0, b = 0; a < runs.size() && b < others.size();) {
    const std::int64_t first = std::max(runs[a].first, others[b].first), last = std::min(runs[a].last, others[b].last);
    if (first <= last) scratch.push_back({first, last});
    runs[a].last < others[b].last ? ++a : ++b;
  }
  runs.swap(scratch);
}

// The blocks along axis k of the scan that hold any position of a range, and some without.
std::span<const std::int64_t> columns_of(const Scan& scan, std::size_t k, const AxisRange& range) {
  const std::int64_t last = range.start + range.step * (range.count - 1);
  const auto begin = std::ranges::lower_bound(scan.columns[k], std::min(range.start, last) / scan.block[k]);
  const auto end = std::ranges::upper_bound(scan.columns[k], std::max(range.start, last) / scan.block[k]);
  return {begin, end};
}

// Chunks that all of these need, along axis k of the scan: anywhere, and in one block.
Counts count_along(const Scan& scan, std::size_t k, std::int64_t chunk, const std::vector<Along>& needs) {
  ChunkRuns common, others, scratch;
  const auto count = [&](auto indices_of) {
    for (std::size_t a = 0; a < needs.size(); ++a) {
      const std::pair<std::int64_t, std::int64_t> indices = indices_of(needs[a].range);
      ChunkRuns& runs = a == 0 ? common : others;
      runs.clear();
      if (indices.first < indices.second) add_chunks(runs, needs[a].leaf, indices, chunk);
      normalize(runs);
      if (a > 0) intersect(common, others, scratch);
    }
    return size(common);
  };
  std::int64_t reads = 0;
  for (const std::int64_t column : columns_of(scan, k, needs[0].range)) {
    reads += count([&](const AxisRange& range) { return indices_in(range, column * scan.block[k], scan.block[k]); });
  }
  const std::int64_t different = count([](const AxisRange& range) { return std::pair(std::int64_t{0}, range.count); });
  return {static_cast<double>(different), static_cast<double>(reads)};
}

// Blocks along an axis that the dataset does not have: its chunks are read again for each.
Counts count_repeats(const Scan& scan, std::size_t k, const std::vector<Along>& needs) {
  std::int64_t blocks = 0;
  for (const std::int64_t column : columns_of(scan, k, needs[0].range)) {
    blocks += std::ranges::all_of(needs, [&](const Along& need) {
      const auto indices = indices_in(need.range, column * scan.block[k], scan.block[k]);
      return indices.first < indices.second;
    });
  }
  return {1, static_cast<double>(blocks)};
}

std::int64_t chunk_extent(const DatasetInfo& info, std::size_t d) {
  return info.layout == Layout::chunked ? info.chunk[d] : std::max<std::int64_t>(1, info.shape[d]);
}

class ChunkCounter {
 public:
  ChunkCounter(const Scan& scan, std::size_t dataset) : scan_(scan), dataset_(dataset), info_(*scan.datasets[dataset].info) {
    for (const Evaluation& evaluation : scan.evaluations) {
      for (const Leaf& leaf : evaluation.leaves) {
        if (leaf.intermediate || leaf.index != dataset) continue;
        const bool known = std::ranges::any_of(accesses_, [&](const Access& other) {
          return other.leaf->axes == leaf.axes && other.evaluation->axes == evaluation.axes;
        });
        if (!known) accesses_.push_back({&evaluation, &leaf});
        if (accesses_.size() > many) return;
      }
    }
  }

  Counts count() {
    constexpr std::size_t few = 5;
    if (accesses_.empty()) return {0, 0};
    const Counts bound = count_each();
    if (accesses_.size() == 1) return bound;
    if (accesses_.size() <= few && follow_same_axes()) return count_sets();
    constexpr double most_visits = 4e6;
    const double visits = static_cast<double>(scan_.num_blocks) * static_cast<double>(accesses_.size()) + bound.reads;
    if (accesses_.size() <= many && visits <= most_visits) return count_blocks();
    return {std::min(bound.different, all_chunks()), bound.reads};
  }

 private:
  static constexpr std::size_t many = 4096;

  [[nodiscard]] double all_chunks() const {
    double all = 1;
    for (std::size_t d = 0; d < info_.shape.size(); ++d)
      all *= std::ceil(static_cast<double>(info_.shape[d]) / static_cast<double>(chunk_extent(info_, d)));
    return all;
  }

  [[nodiscard]] bool follow_same_axes() const {
    return std::ranges::all_of(accesses_, [&](const Access& access) {
      return std::ranges::equal(access.leaf->axes, accesses_[0].leaf->axes, {}, &LeafAxis::axis, &LeafAxis::axis);
    });
  }

  // An upper bound: the sum.
  Counts count_each() {
    Counts sum{0, 0};
    for (const Access& access : accesses_) {
      along_.clear();
      const Counts counts = count_common({access});
      sum.different += counts.different;
      sum.reads += counts.reads;
    }
    return sum;
  }

  // Inclusion and exclusion over what differs.
  Counts count_sets() {
    Counts sum{0, 0};
    along_.clear();
    for (std::uint32_t set = 1; set < std::uint32_t{1} << accesses_.size(); ++set) {
      std::vector<Access> chosen;
      for (std::size_t a = 0; a < accesses_.size(); ++a) {
        if ((set >> a & 1U) != 0) chosen.push_back(accesses_[a]);
      }
      const Counts counts = count_common(chosen);
      const double sign = chosen.size() % 2 == 1 ? 1 : -1;
      sum.different += sign * counts.different;
      sum.reads += sign * counts.reads;
    }
    return sum;
  }

  // Chunks that all of these need; all follow the same axes.
  Counts count_common(const std::vector<Access>& accesses) {
    Counts counts;
    std::vector<bool> followed(scan_.shape.size(), false);
    const auto take = [&](std::size_t k, std::optional<std::size_t> d) {
      std::vector<Along> needs;
      for (const Access& access : accesses) {
        const Along need{d ? access.leaf->axes[*d] : LeafAxis{}, access.evaluation->axes[k]};
        if (std::ranges::find(needs, need) == needs.end()) needs.push_back(need);
      }
      const Counts here = find_along(k, d, needs);
      counts.different *= here.different;
      counts.reads *= here.reads;
    };
    for (std::size_t d = 0; d < info_.shape.size(); ++d) {
      const LeafAxis& axis = accesses[0].leaf->axes[d];
      if (axis.axis >= 0) {
        followed[static_cast<std::size_t>(axis.axis)] = true;
        take(static_cast<std::size_t>(axis.axis), d);
        continue;
      }
      const std::int64_t chunk = chunk_extent(info_, d);
      const bool same = std::ranges::all_of(
          accesses, [&](const Access& access) { return access.leaf->axes[d].start / chunk == axis.start / chunk; });
      if (!same) return {0, 0};
    }
    for (std::size_t k = 0; k < followed.size(); ++k) {
      if (!followed[k]) take(k, std::nullopt);
    }
    return counts;
  }

  // Sets of accesses often differ along other axes only.
  Counts find_along(std::size_t k, std::optional<std::size_t> d, const std::vector<Along>& needs) {
    for (const Known& known : along_) {
      if (known.axis == k && known.dim == d && known.needs == needs) return known.counts;
    }
    return along_
        .emplace_back(
            Known{k, d, needs, d ? count_along(scan_, k, chunk_extent(info_, *d), needs) : count_repeats(scan_, k, needs)})
        .counts;
  }

  // Block by block; few reads.
  [[nodiscard]] Counts count_blocks() const {
    Shape extents;
    for (std::size_t d = 0; d < info_.shape.size(); ++d) extents.push_back(chunk_extent(info_, d));
    const ChunkGrid all(info_.shape, extents);
    std::vector<std::int64_t> seen;
    for (std::int64_t i = 0; i < scan_.num_blocks; ++i) {
      const BlockRead read = block_read(scan_, dataset_, scan_.box(i));
      if (!read.needed) continue;
      for (const Box& box : read.all ? std::vector<Box>{read.box} : read.parts) {
        Shape first, grid;
        for (std::size_t d = 0; d < extents.size(); ++d) {
          first.push_back(box.start[d] / extents[d]);
          grid.push_back((box.start[d] + box.count[d] - 1) / extents[d] - first[d] + 1);
        }
        const ChunkGrid chunks(grid, Shape(grid.size(), 1));
        for (std::int64_t c = 0; c < chunks.size(); ++c) {
          const Shape at = chunks.coordinates(c);
          std::int64_t number = 0;
          for (std::size_t d = 0; d < at.size(); ++d) number = number * all.grid()[d] + first[d] + at[d];
          seen.push_back(number);
        }
      }
    }
    const auto reads = static_cast<double>(seen.size());
    std::ranges::sort(seen);
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    return {static_cast<double>(seen.size()), reads};
  }

  struct Known {
    std::size_t axis;
    std::optional<std::size_t> dim;
    std::vector<Along> needs;
    Counts counts;
  };

  const Scan& scan_;
  std::size_t dataset_;
  const DatasetInfo& info_;
  std::vector<Access> accesses_;
  std::vector<Known> along_;
};

}  // namespace

void add_chunks(ChunkRuns& runs, const LeafAxis& axis, std::pair<std::int64_t, std::int64_t> indices, std::int64_t chunk) {
  if (axis.axis < 0) return runs.push_back({axis.start / chunk, axis.start / chunk});
  const std::int64_t first = axis.start + axis.step * indices.first, last = axis.start + axis.step * (indices.second - 1);
  const std::int64_t low = std::min(first, last), high = std::max(first, last), step = std::abs(axis.step);
  if (step <= chunk) return runs.push_back({low / chunk, high / chunk});
  for (std::int64_t p = low; p <= high; p += step) runs.push_back({p / chunk, p / chunk});
}

void normalize(ChunkRuns& runs) {
  if (runs.size() < 2) return;
  std::ranges::sort(runs, {}, &ChunkRun::first);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].first <= runs[kept].last + 1) {
      runs[kept].last = std::max(runs[kept].last, runs[i].last);
    } else {
      runs[++kept] = runs[i];
    }
  }
  runs.resize(kept + 1);
}

void count_chunks(Scan& scan) {
  for (std::size_t d = 0; d < scan.datasets.size(); ++d) {
    const Counts counts = ChunkCounter(scan, d).count();
    scan.datasets[d].needed_chunks = saturated(std::round(counts.different));
    scan.datasets[d].chunk_reads = saturated(std::round(counts.reads));
  }
}

}  // namespace xylem::detail
