// What a pass takes of a rank's memory. Its stages follow each other, and the one that takes most counts.
#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string_view>

#include "xylem/model/limits.hpp"

#include "detail/pass_builder.hpp"

namespace xylem::detail {
namespace {

// A string that grows holds what it had beside its new place.
constexpr std::int64_t growing = 2;

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

// What HDF5 keeps of the files that workers have open: a little for each, and the index of its chunks as far as its cache goes.
std::int64_t file_bytes(const Pass& pass, const PlanOptions& options) {
  constexpr std::int64_t opened = std::int64_t{128} << 10, chunk = 100;
  std::map<std::string_view, std::int64_t> files;
  for (const Scan& scan : pass.scans) {
    for (const ScanDataset& dataset : scan.datasets) {
      std::int64_t& bytes = files.try_emplace(dataset.info->ref.file, opened).first->second;
      bytes = std::min(hdf5_file_memory, bytes + chunk * std::min(hdf5_file_memory, dataset.storage.allocated_chunks));
    }
  }
  std::vector<std::int64_t> sizes;
  for (const auto& [file, bytes] : files) sizes.push_back(bytes);
  std::ranges::sort(sizes, std::greater<>());
  sizes.resize(std::min<std::size_t>(sizes.size(), static_cast<std::size_t>(options.threads * max_open_files)));
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

// What a worker holds of all groups.
struct Held {
  std::int64_t state = 0;     // accumulators that are alive
  std::int64_t streamed = 0;  // parts of tiles that others have the rest of, packed while blocks are read
  std::int64_t parts = 0;     // all such parts, in the end
  std::int64_t tile = 0;      // the largest of their tiles
  std::int64_t results = 0;   // a finished tile
};

Held held(const Pass& pass, const PlanOptions& options) {
  const std::int64_t workers = std::int64_t{options.topology.ranks} * options.threads;
  const bool merges = workers > 1;
  const bool dynamic = merges && options.schedule == Schedule::dynamic_dealing;
  Held held;
  for (const ReductionGroup& group : pass.groups) {
    held.state += group.live_tiles * group.tile_state;
    held.results = std::max(held.results, result_bytes(group));
    if (!merges) continue;
    held.tile = std::max(held.tile, group.tile_state);
    // A run of blocks leaves two places where others have the rest.
    const std::int64_t runs = dynamic                                ? std::min(units_per_worker, pass.num_blocks() / workers + 1)
                              : options.io == IoStrategy::collective ? std::ssize(pass.scans)
                                                                     : 1;
    const std::int64_t parts = (group.streamed ? 2 * runs * group.live_tiles : group.live_tiles) * group.tile_state;
    held.parts += parts;
    if (group.streamed) held.streamed += parts;
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

std::int64_t pass_memory(const Pass& pass, const PassContext& context) {
  const PlanOptions& options = context.options;
  const std::int64_t ranks = options.topology.ranks, threads = options.threads;
  const Held each = held(pass, options);
  std::int64_t blocks = 0;
  for (const Scan& scan : pass.scans) blocks = std::max(blocks, scan.block_memory + updating(pass, scan));
  // Each worker reads and evaluates; a tile is finished or packed while the accumulators of all are still there.
  const std::int64_t working =
      file_bytes(pass, options) + threads * (blocks + each.state + each.streamed + std::max(each.results, growing * each.tile));

  // A round merges some tiles, each on one rank: at least one a rank, and more of small ones. A rank has all its parts, its
  // tiles' accumulators, and either a message that it makes, in two forms, or what has come, one message of it in two forms more.
  const std::int64_t parts = threads * each.parts;
  const std::int64_t mine = std::min(parts * ranks, pass.merge_bytes / ranks + each.tile);
  const std::int64_t message = std::min(parts, threads * mine);
  const std::int64_t comes = std::min(ranks * message, pass.merge_bytes + message);
  const std::int64_t merging = parts + mine + std::max({growing * message, comes + 2 * message, each.results});

  // Each rank tells the others what it found.
  const std::int64_t found = found_bytes(pass, context);
  const std::int64_t spreading = ranks > 1 ? 3 * std::min(found, spread_bytes) : 0;
  return found + std::max({working, ranks * threads > 1 ? merging : 0, spreading});
}

}  // namespace xylem::detail
