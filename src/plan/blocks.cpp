#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "xylem/model/io.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/saturated.hpp"

#include "detail/chunk_runs.hpp"
#include "detail/pass_builder.hpp"

namespace xylem::detail {
namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

// Larger chunks are read in parts, unless they must be decoded.
constexpr std::int64_t max_whole_chunk_bytes = 4 * mib;

// What HDF5 and a reader keep of a dataset that is open.
constexpr std::int64_t open_dataset = std::int64_t{16} << 10;

bool is_stored(const ScanDataset& dataset) { return dataset.storage.allocated_chunks > 0; }

std::int64_t bytes_of(const Shape& shape, const DatasetInfo& info) {
  constexpr std::int64_t largest = std::int64_t{1} << 56;
  const auto elements = num_elements(shape);
  const auto bytes = elements ? checked_product(*elements, info.dtype.size) : std::nullopt;
  return std::min(bytes.value_or(largest), largest);
}

// Stored chunks that are best read whole.
bool reads_whole_chunks(const DatasetInfo& info) {
  return info.layout == Layout::chunked && (!info.filters.empty() || bytes_of(info.chunk, info) <= max_whole_chunk_bytes);
}

// Blocks are unions of whole chunks of all datasets that lie in the scan's index space as they are, where that is not too much.
Shape block_unit(const Scan& scan) {
  Shape unit(scan.shape.size(), 1);
  bool first = true;
  for (const ScanDataset& dataset : scan.datasets) {
    const DatasetInfo& info = *dataset.info;
    const bool spans =
        info.shape.size() <= scan.shape.size() && std::equal(info.shape.begin(), info.shape.end(), scan.shape.begin());
    if (!spans || !reads_whole_chunks(info)) continue;
    Shape common = unit;
    for (std::size_t d = 0; d < info.shape.size(); ++d) {
      const auto multiple = checked_product(unit[d] / std::gcd(unit[d], info.chunk[d]), info.chunk[d]);
      const std::int64_t extent = std::max<std::int64_t>(1, info.shape[d]);
      common[d] = std::min(multiple.value_or(extent), extent);
    }
    if (first || bytes_of(common, info) <= max_whole_chunk_bytes) unit = common;
    first = false;
  }
  return unit;
}

// Grows along the fastest axis first, in whole multiples. A chunk that is read in parts is not crossed.
Shape grow(Shape block, const Scan& scan, std::int64_t element_bytes, const Shape& bound, std::int64_t block_bytes) {
  std::int64_t bytes = element_bytes;
  for (const std::int64_t extent : block) bytes *= extent;
  for (std::size_t k = block.size(); k-- > 0;) {
    const std::int64_t extent = std::max<std::int64_t>(1, std::min(scan.shape[k], bound[k]));
    const std::int64_t fits = std::max<std::int64_t>(1, block_bytes / std::max<std::int64_t>(1, bytes));
    const std::int64_t needed = (extent + block[k] - 1) / block[k];
    const std::int64_t times = std::min(fits, needed);
    block[k] *= times;
    bytes *= times;
    if (fits < needed) break;
  }
  return block;
}

// The largest box that a block needs of a dataset, at most.
Shape largest_box(const Scan& scan, std::size_t index) {
  const DatasetInfo& info = *scan.datasets[index].info;
  Shape largest(info.shape.size(), 1);
  for (std::size_t d = 0; d < info.shape.size(); ++d) {
    // Per column of one axis of the scan; several axes, or a position and an axis: anything may come together.
    std::set<int> axes;
    std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = 0;
    for (const Evaluation& evaluation : scan.evaluations) {
      for (const Leaf& leaf : evaluation.leaves) {
        if (leaf.intermediate || leaf.index != index) continue;
        const LeafAxis& axis = leaf.axes[d];
        axes.insert(axis.axis);
        const std::int64_t n = axis.axis < 0 ? 1 : evaluation.axes[static_cast<std::size_t>(axis.axis)].count;
        const std::int64_t last = axis.start + axis.step * (n - 1);
        low = std::min({low, axis.start, last});
        high = std::max({high, axis.start, last});
      }
    }
    const std::int64_t chunk = info.layout == Layout::chunked && !info.filters.empty() ? info.chunk[d] : 1;
    const auto span = [&](std::int64_t from, std::int64_t to) {
      return std::min(info.shape[d], to - to % chunk + chunk) - (from - from % chunk);
    };
    if (axes.size() != 1 || *axes.begin() < 0) {
      largest[d] = span(low, high);
      continue;
    }
    const auto k = static_cast<std::size_t>(*axes.begin());
    for (const std::int64_t column : scan.columns[k]) {
      std::int64_t from = std::numeric_limits<std::int64_t>::max(), to = -1;
      for (const Evaluation& evaluation : scan.evaluations) {
        const auto in = indices_in(evaluation.axes[k], column * scan.block[k], scan.block[k]);
        if (in.first == in.second) continue;
        for (const Leaf& leaf : evaluation.leaves) {
          if (leaf.intermediate || leaf.index != index) continue;
          const std::int64_t a = leaf.axes[d].start + leaf.axes[d].step * in.first;
          const std::int64_t b = leaf.axes[d].start + leaf.axes[d].step * (in.second - 1);
          from = std::min({from, a, b});
          to = std::max({to, a, b});
        }
      }
      if (to >= 0) largest[d] = std::max(largest[d], span(from, to));
    }
  }
  return largest;
}

// Bytes that a worker takes to read what a block needs of a dataset.
struct ReadMemory {
  std::int64_t fetched = 0;  // what was fetched of a block, and waits to be decoded or evaluated
  std::int64_t beside = 0;   // beside that: decoded elements, steps between filters, what HDF5 needs
};

ReadMemory read_memory(const ScanDataset& dataset, const Shape& largest) {
  const DatasetInfo& info = *dataset.info;
  const std::int64_t elements = bytes_of(largest, info);
  if (!is_stored(dataset)) return {elements, 0};
  if (dataset.io.strategy == IoStrategy::collective) return {elements, collective_bytes(info, largest)};
  const std::int64_t raw = raw_block_bytes(info, largest, false), decoding = decoding_bytes(info, largest);
  if (dataset.io.strategy != IoStrategy::hyperslab && raw > 0) return {raw, elements + decoding};
  return {elements, dataset.io.strategy == IoStrategy::hyperslab ? hdf5_read_bytes(info, largest) : decoding};
}

// The same of usual data.
ReadMemory usual_read_memory(const ScanDataset& dataset, const Shape& largest) {
  const DatasetInfo& info = *dataset.info;
  const std::int64_t raw = usual_raw_block_bytes(info, dataset.storage, largest);
  if (!is_stored(dataset) || dataset.io.strategy != IoStrategy::direct || raw == 0) return read_memory(dataset, largest);
  return {raw, bytes_of(largest, info) + usual_decoding_bytes(info, largest)};
}

// Plans list the blocks along each axis, and look at each chunk of a selection with steps.
void expect_countable(const Scan& scan) {
  constexpr std::int64_t most = 100'000'000;
  for (std::size_t k = 0; k < scan.shape.size(); ++k) {
    std::int64_t chunk = scan.block[k];
    for (const ScanDataset& dataset : scan.datasets) {
      if (k < dataset.info->chunk.size()) chunk = std::min(chunk, dataset.info->chunk[k]);
    }
    for (const Evaluation& evaluation : scan.evaluations) {
      const AxisRange& range = evaluation.axes[k];
      const std::int64_t step = std::abs(range.step);
      const std::int64_t blocks = step > scan.block[k] ? range.count : (range.count - 1) * step / scan.block[k] + 1;
      const std::int64_t chunks = step > chunk ? range.count : 0;
      if (std::max(blocks, chunks) <= most) continue;
      throw ResourceError(
          "{} would be read in more than {} blocks along one dim: choose fewer elements, or store it in larger chunks",
          scan.datasets.empty() ? "a result" : scan.datasets[0].info->ref.describe(), most);
    }
  }
}

}  // namespace

void cut_into_blocks(Scan& scan, const PassContext& context) {
  std::int64_t element_bytes = 1;
  Shape bound = scan.shape;
  for (const ScanDataset& dataset : scan.datasets) {
    element_bytes = std::max<std::int64_t>(element_bytes, dataset.info->dtype.size);
    const DatasetInfo& info = *dataset.info;
    if (info.layout != Layout::chunked || reads_whole_chunks(info)) continue;
    for (std::size_t d = 0; d < std::min(bound.size(), info.chunk.size()); ++d) bound[d] = std::min(bound[d], info.chunk[d]);
  }
  if (scan.datasets.empty()) element_bytes = 8;
  // Of little data each worker gets blocks all the same, where there are chunks enough.
  constexpr std::int64_t blocks_per_worker = 4;
  const std::int64_t workers = std::int64_t{context.options.topology.ranks} * context.options.threads;
  const auto all = num_elements(scan.shape);
  const auto bytes = all ? checked_product(*all, element_bytes) : std::nullopt;
  const std::int64_t share = bytes.value_or(std::numeric_limits<std::int64_t>::max()) / workers / blocks_per_worker;
  scan.block = grow(block_unit(scan), scan, element_bytes, bound, std::min(context.options.block_bytes, share));
  expect_countable(scan);
  scan.num_blocks = 1;
  for (std::size_t k = 0; k < scan.shape.size(); ++k) {
    ChunkRuns runs;
    for (const Evaluation& evaluation : scan.evaluations) {
      const AxisRange& range = evaluation.axes[k];
      add_chunks(runs, {0, range.start, range.step}, {0, range.count}, scan.block[k]);
    }
    normalize(runs);
    std::vector<std::int64_t>& columns = scan.columns.emplace_back();
    for (const ChunkRun& run : runs) {
      for (std::int64_t column = run.first; column <= run.last; ++column) columns.push_back(column);
    }
    const auto blocks = checked_product(scan.num_blocks, std::ssize(columns));
    if (!blocks)
      throw ResourceError("a plan has more blocks than 63 bits can count: choose fewer elements, or store them in larger chunks");
    scan.num_blocks = *blocks;
    scan.order.push_back(static_cast<int>(k));
  }
  count_chunks(scan);
  scan.weight = 0;
  std::int64_t elements = 1;
  for (const std::int64_t extent : scan.block) elements *= extent;
  for (const Evaluation& evaluation : scan.evaluations) {
    scan.block_memory += evaluation_memory(evaluation.program);
    for (const Emission& emission : evaluation.emissions) {
      scan.block_memory += elements * element_size(evaluation.program.values[static_cast<std::size_t>(emission.value)].type);
    }
  }
  scan.block_usual = scan.block_memory;
  std::int64_t ahead = 0, usual_ahead = 0;
  for (std::size_t d = 0; d < scan.datasets.size(); ++d) {
    ScanDataset& dataset = scan.datasets[d];
    const DatasetInfo& info = *dataset.info;
    const Shape largest = largest_box(scan, d);
    const ReadMemory read = read_memory(dataset, largest);
    dataset.max_box_bytes = bytes_of(largest, info);
    scan.block_memory += read.fetched + read.beside + open_dataset;
    ahead += read.fetched;
    const ReadMemory usual = usual_read_memory(dataset, largest);
    scan.block_usual += usual.fetched + usual.beside + open_dataset;
    usual_ahead += usual.fetched;
    const std::int64_t chunks = info.layout == Layout::chunked ? ChunkGrid(info.shape, info.chunk).size() : 1;
    double fraction = static_cast<double>(dataset.chunk_reads) / static_cast<double>(std::max<std::int64_t>(1, chunks));
    if (info.layout != Layout::chunked) {
      fraction = static_cast<double>(dataset.max_box_bytes) * static_cast<double>(scan.num_blocks) /
                 std::max(1.0, static_cast<double>(bytes_of(info.shape, info)));
      fraction = std::min(fraction, 1.0);
    }
    scan.weight += saturated(static_cast<double>(dataset.storage.stored_bytes) * fraction);
  }
  scan.weight = std::max(scan.weight, scan.num_blocks);
  // Not at the expense of accumulators.
  constexpr std::int64_t least_part_of_limit = 8;
  scan.read_ahead =
      !scan.datasets.empty() && ahead <= context.options.memory_limit / context.options.threads / least_part_of_limit;
  if (!scan.read_ahead) return;
  scan.block_memory += ahead;
  scan.block_usual += usual_ahead;
}

}  // namespace xylem::detail
