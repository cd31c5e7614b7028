#include "xylem/plan/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "xylem/support/bytes.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/identity.hpp"
#include "detail/pass_builder.hpp"
#include "detail/push_down.hpp"

namespace xylem {
namespace {

using detail::BuiltPass;
using detail::PassContext;
using detail::PieceLeaf;
using detail::Request;

constexpr std::int64_t mib = std::int64_t{1} << 20;

// What a rank needs besides: the code of libraries that planning has not touched yet, MPI's buffers.
constexpr std::int64_t fixed_bytes = mib / 2;

bool is_reduction(const Array& array) { return std::holds_alternative<ReductionNode>(array.node().kind); }

Box whole(const std::vector<Dim>& dims) {
  Box box;
  for (const Dim& dim : dims) {
    box.start.push_back(0);
    box.count.push_back(dim.size);
  }
  return box;
}

// The memory limit does not hold a plan, which needs this many bytes.
struct TooSmall {
  std::int64_t needed;
};

class Planner {
 public:
  Planner(const std::vector<NamedArray>& arrays, const std::vector<StorageSummary>& storage, const PlanOptions& options) {
    plan_.options = options;
    const auto datasets = datasets_of(arrays);
    XYLEM_EXPECT(storage.size() == datasets.size(), "a summary for each dataset");
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      storage_[{datasets[i]->ref.file, datasets[i]->ref.path}] = storage[i];
    }
    for (const std::string& name : options.without) {
      const auto known = std::ranges::find(optimizer_passes(), name, &std::pair<std::string, std::string>::first);
      if (known != optimizer_passes().end()) continue;
      std::vector<std::string> names;
      for (const auto& [pass, effect] : optimizer_passes()) names.push_back(pass);
      throw UsageError("there is no optimizer pass '{}' (there are {})", printable(name), fmt::join(names, ", "));
    }
    if (options.io == IoStrategy::collective && options.threads > 1) {
      throw UsageError("--io collective reads once a rank, and --threads is {}: it goes with one thread", options.threads);
    }
    if (options.io == IoStrategy::collective && options.schedule == Schedule::dynamic_dealing) {
      throw UsageError("--io collective reads in rounds of all ranks, and --schedule dynamic knows none: it goes with static");
    }
    for (const NamedArray& named : arrays) {
      if (!num_elements(named.array.shape())) {
        throw UsageError("the result '{}' has shape {}, more elements than 63 bits can count", printable(named.name),
                         format_shape(named.array.shape()));
      }
    }
  }

  Plan make(const std::vector<NamedArray>& arrays) {
    std::vector<Array> roots;
    if (runs("push-selections"))
      steps_.run("push-selections", [&] {
        for (const NamedArray& named : arrays) {
          roots.push_back(detail::push_selections(named.array));
          if (identity_.of(roots.back()) != identity_.of(named.array)) ++steps_.notes["push-selections"].changes;
        }
      });
    for (std::size_t r = 0; r < arrays.size(); ++r) {
      plan_.results.push_back({arrays[r].name, arrays[r].array.shape(), arrays[r].array.dtype()});
      request(roots.empty() ? arrays[r].array : roots[r], {false, r});
    }
    for (std::size_t level = 0; level < levels_.size(); ++level) build_level(level);
    drop_unused();
    if (!kept_.empty()) build(kept_, "reads what is used over and over, and keeps it", true);
    note_steps();
    if (needed_ > plan_.options.memory_limit) throw TooSmall{needed_};
    const std::int64_t always = plan_.options.memory_held + fixed_bytes + intermediate_bytes();
    plan_.memory = plan_.memory_bound = always;
    for (const Pass& pass : plan_.passes) {
      plan_.memory = std::max(plan_.memory, always + pass.memory);
      plan_.memory_bound = std::max(plan_.memory_bound, always + pass.memory_bound);
    }
    plan_.verify();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool runs(const std::string& name) const { return !plan_.options.without.contains(name); }

  // What each optimizer pass did, in words; nothing where it had nothing to do.
  void note_steps() {
    std::size_t scans = 0, ordered = 0;
    for (const Pass& pass : plan_.passes) {
      scans += pass.scans.size();
      for (const Scan& scan : pass.scans) ordered += std::ranges::is_sorted(scan.order) ? 0 : 1;
    }
    const auto changes = [&](const char* name) { return static_cast<std::size_t>(steps_.notes[name].changes); };
    const std::size_t pushed = changes("push-selections"), split = changes("bands"), results = plan_.results.size();
    std::map<std::string, std::string> effects;
    if (pushed > 0) effects["push-selections"] = fmt::format("{} of what is selected alone", plural(pushed, "result"));
    if (results > scans && scans > 0) {
      effects["share-reads"] = fmt::format("{} of {} over stored data", plural(results, "result"), plural(scans, "sweep"));
    }
    if (!kept_.empty()) effects["keep-small-inputs"] = fmt::format("{} read once and kept", plural(kept_.size(), "input"));
    if (ordered > 0) {
      effects["column-order"] = fmt::format("{} read column by column, to hold fewer accumulators", plural(ordered, "sweep"));
    }
    if (split > 0) effects["bands"] = fmt::format("passes split {} for want of memory", plural(split, "time"));
    for (const auto& [name, meaning] : optimizer_passes()) {
      plan_.steps.push_back({name, runs(name) ? effects[name] : "left out", steps_.notes[name].seconds});
    }
  }

  // Reductions below an array must be known before it is evaluated.
  int level(const Array& array) {
    const auto known = level_.find(&array.node());
    if (known != level_.end()) return known->second;
    int deepest = 0;
    for (const Array& input : inputs_of(array.node())) deepest = std::max(deepest, level(input));
    return level_[&array.node()] = deepest + (is_reduction(array) ? 1 : 0);
  }

  void request(const Array& array, Destination destination) {
    if (num_elements(array.shape()) == 0) return;
    Shape domain;
    for (const Dim& dim : detail::domain_of(array)) domain.push_back(dim.size);
    if (!num_elements(domain)) {
      throw UsageError("{} has more elements than 63 bits can count: the dims of all that goes into it are {}",
                       is_reduction(array) ? "what is reduced" : "a result", format_shape(domain));
    }
    const int at = level(array) - (is_reduction(array) ? 1 : 0);
    if (levels_.size() <= static_cast<std::size_t>(at)) levels_.resize(static_cast<std::size_t>(at) + 1);
    levels_[static_cast<std::size_t>(at)].push_back({array, destination, whole(detail::domain_of(array))});
    const auto inputs = is_reduction(array) ? inputs_of(array.node()) : std::vector<Array>{array};
    std::set<const ArrayNode*> seen;
    for (const Array& input : inputs) request_reductions(input, seen);
  }

  void request_reductions(const Array& array, std::set<const ArrayNode*>& seen) {
    if (!seen.insert(&array.node()).second) return;
    if (is_reduction(array)) {
      static_cast<void>(intermediate(array));
      return;
    }
    for (const Array& input : inputs_of(array.node())) request_reductions(input, seen);
  }

  // A reduction that others are made of, or known coordinates.
  std::size_t intermediate(const Array& array) {
    const std::size_t id = identity_.of(array);
    const auto known = intermediates_.find(id);
    if (known != intermediates_.end()) return known->second;
    const std::size_t index = plan_.intermediates.size();
    intermediates_[id] = index;
    Intermediate& made = plan_.intermediates.emplace_back();
    made.shape = array.shape();
    made.type = array.dtype();
    if (const auto* reduction = std::get_if<ReductionNode>(&array.node().kind)) {
      made.what = fmt::format("{} over {}", printable(name_of(*reduction)), fmt::join(reduction->dims, ", "));
      request(array, {true, index});
    } else {
      made.what = array.dims().empty() ? "a scalar coordinate" : "coordinate " + array.dims()[0].name;
      made.known = std::get<CoordinateNode>(array.node().kind).values;
    }
    return index;
  }

  std::optional<std::size_t> keep(const PieceLeaf& leaf, const Box& box) {
    if (!runs("keep-small-inputs")) return std::nullopt;
    const ElementType type = leaf.source->dtype();
    const std::int64_t limit = std::min(64 * mib, plan_.options.memory_limit / 16);
    const auto bytes = checked_product(box.size(), element_size(type));
    if (!bytes || *bytes > limit) return std::nullopt;
    std::vector<std::pair<std::string, Positions>> slices;
    for (std::size_t d = 0; d < box.start.size(); ++d) {
      slices.emplace_back(leaf.source->dims()[d].name, Slice{box.start[d], box.start[d] + box.count[d]});
    }
    const Array part = leaf.source->isel(slices);
    const std::size_t id = identity_.of(part);
    const auto known = intermediates_.find(id);
    if (known != intermediates_.end()) return known->second;
    const std::size_t index = plan_.intermediates.size();
    intermediates_[id] = index;
    plan_.intermediates.push_back({printable(leaf.info->ref.path) + " " + format_box(box), part.shape(), type, nullptr});
    kept_.push_back({part, {true, index}, whole(part.dims())});
    return index;
  }

  // Bands keep other parts of small inputs than the whole would have: what it found is dropped with it.
  void forget(std::size_t intermediates, std::size_t kept) {
    plan_.intermediates.resize(intermediates);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(kept), kept_.end());
    std::erase_if(intermediates_, [&](const auto& entry) { return entry.second >= intermediates; });
  }

  // Some are kept for what became something else.
  void drop_unused() {
    std::vector<bool> used(plan_.intermediates.size());
    for (const Pass& pass : plan_.passes) {
      for (const Scan& scan : pass.scans) {
        for (const Evaluation& evaluation : scan.evaluations) {
          for (const Leaf& leaf : evaluation.leaves) {
            if (leaf.intermediate) used[leaf.index] = true;
          }
        }
      }
    }
    for (const Request& request : kept_) {
      if (!used[request.destination.index]) plan_.intermediates[request.destination.index].shape = {0};
    }
    std::erase_if(kept_, [&](const Request& request) { return !used[request.destination.index]; });
  }

  [[nodiscard]] std::int64_t intermediate_bytes() const {
    std::int64_t bytes = 0;
    for (const Intermediate& made : plan_.intermediates) bytes += made.bytes();
    return bytes;
  }

  void build_level(std::size_t level) {
    // levels_ may not grow here: all reductions were requested before.
    const std::vector<Request> requests = levels_[level];
    if (requests.empty()) return;
    const std::string first = levels_.size() > 1 ? "reductions that other passes need" : "";
    build(requests, level == 0 ? first : "needs reductions that an earlier pass found", false);
  }

  // One pass where memory does; else the outputs of what takes most of it are split into bands, and there are more passes.
  void build(const std::vector<Request>& requests, const std::string& reason, bool first) {
    const PassContext context{plan_.options,
                              storage_,
                              [this](const Array& array) { return intermediate(array); },
                              [this](std::size_t index) { return plan_.intermediates[index].bytes(); },
                              [this](const PieceLeaf& leaf, const Box& box) { return keep(leaf, box); },
                              steps_};
    const std::size_t intermediates = plan_.intermediates.size(), kept = kept_.size();
    BuiltPass built = detail::build_pass(requests, context);
    const std::int64_t needed = plan_.options.memory_held + fixed_bytes + intermediate_bytes() + built.pass.memory_bound;
    if (needed > plan_.options.memory_limit && runs("bands")) {
      std::optional<std::pair<std::vector<Request>, std::vector<Request>>> halves;
      steps_.run("bands", [&] { halves = split(requests, built); });
      if (halves) {
        ++steps_.notes["bands"].changes;
        forget(intermediates, kept);
        build(halves->first, reason, first);
        build(halves->second, "the accumulators of all outputs together do not fit in memory", first);
        return;
      }
    }
    needed_ = std::max(needed_, needed);
    built.pass.reason = reason;
    plan_.passes.insert(first ? plan_.passes.begin() + kept_passes_++ : plan_.passes.end(), std::move(built.pass));
  }

  // About the half of the outputs along a group's first kept axis that has several, where possible where a block ends.
  static std::int64_t half_at_block(std::int64_t count, const Pass& pass, std::size_t g) {
    const ReductionGroup& group = pass.groups[g];
    const auto axis = std::ranges::find_if(group.kept, [](std::int64_t extent) { return extent > 1; }) - group.kept.begin();
    for (const Scan& scan : pass.scans) {
      for (const Evaluation& evaluation : scan.evaluations) {
        for (const GroupInput& input : evaluation.groups) {
          const auto k = static_cast<std::size_t>(std::ranges::find(input.axes, axis, &TargetAxis::axis) - input.axes.begin());
          if (input.group != g || k == input.axes.size() || evaluation.axes[k].step != 1) continue;
          const std::int64_t begin = evaluation.axes[k].start - input.axes[k].offset;  // the position of the first output
          const std::int64_t half = (begin + count / 2) / scan.block[k] * scan.block[k] - begin;
          const std::int64_t next = half + scan.block[k];
          return half > 0 ? half : next < count ? next : count / 2;
        }
      }
    }
    return count / 2;
  }

  // The requests with the outputs of the largest group cut in two along its first kept axis that can be cut.
  [[nodiscard]] std::optional<std::pair<std::vector<Request>, std::vector<Request>>> split(const std::vector<Request>& requests,
                                                                                           const BuiltPass& built) const {
    std::optional<std::size_t> largest;
    const auto state = [&](std::size_t g) { return built.pass.groups[g].live_tiles * built.pass.groups[g].tile_state; };
    for (std::size_t g = 0; g < built.pass.groups.size(); ++g) {
      const bool one = std::ranges::all_of(built.pass.groups[g].kept, [](std::int64_t extent) { return extent <= 1; });
      if (!one && (!largest || state(g) > state(*largest))) largest = g;
    }
    if (!largest || state(*largest) < mib) return std::nullopt;
    const std::vector<std::size_t>& mine = built.requests_of_group[*largest];
    std::pair<std::vector<Request>, std::vector<Request>> halves;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      halves.first.push_back(requests[r]);
      if (std::ranges::find(mine, r) == mine.end()) continue;
      const auto* node = std::get_if<ReductionNode>(&requests[r].array.node().kind);
      const std::vector<Dim> domain = detail::domain_of(requests[r].array);
      for (std::size_t d = 0; d < domain.size(); ++d) {
        const bool reduced = std::ranges::find(node->dims, domain[d].name) != node->dims.end();
        if (reduced || requests[r].box.count[d] <= 1) continue;
        Request& upper = halves.second.emplace_back(requests[r]);
        const std::int64_t half = half_at_block(upper.box.count[d], built.pass, *largest);
        halves.first.back().box.count[d] = half;
        upper.box.start[d] += half;
        upper.box.count[d] -= half;
        break;
      }
    }
    return halves;
  }

  Plan plan_;
  std::map<std::pair<std::string, std::string>, StorageSummary> storage_;
  std::vector<std::vector<Request>> levels_;
  std::vector<Request> kept_;  // small inputs, which a pass before all others reads
  std::map<const ArrayNode*, int> level_;
  detail::Identity identity_;
  std::map<std::size_t, std::size_t> intermediates_;  // by identity
  std::ptrdiff_t kept_passes_ = 0;
  std::int64_t needed_ = 0;
  detail::StepNotes steps_;
};

void collect(const Array& array, std::set<const ArrayNode*>& seen,
             std::map<std::pair<std::string, std::string>, std::shared_ptr<const DatasetInfo>>& found) {
  if (!seen.insert(&array.node()).second) return;
  if (const auto* source = std::get_if<SourceNode>(&array.node().kind)) {
    found.emplace(std::pair{source->info->ref.file, source->info->ref.path}, source->info);
  }
  for (const Array& input : inputs_of(array.node())) collect(input, seen, found);
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& optimizer_passes() {
  static const std::vector<std::pair<std::string, std::string>> passes{
      {"push-selections", "selections of reduced arrays become selections of what is reduced"},
      {"share-reads", "all that is asked of a dataset is computed in one sweep over it"},
      {"keep-small-inputs", "small inputs that are repeated along other dims are read once and kept"},
      {"column-order", "blocks come in an order in which few accumulators are alive"},
      {"bands", "outputs whose accumulators do not fit in memory are computed part by part"},
  };
  return passes;
}

std::vector<std::shared_ptr<const DatasetInfo>> datasets_of(const std::vector<NamedArray>& arrays) {
  std::set<const ArrayNode*> seen;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const DatasetInfo>> found;
  for (const NamedArray& named : arrays) collect(named.array, seen, found);
  std::vector<std::shared_ptr<const DatasetInfo>> datasets;
  for (const auto& [key, info] : found) datasets.push_back(info);
  return datasets;
}

namespace {

// Blocks that a rank has in the pass in which it has most.
std::int64_t blocks_per_rank(const Plan& plan) {
  std::int64_t most = 0;
  for (const Pass& pass : plan.passes) most = std::max(most, pass.num_blocks());
  return most / plan.options.topology.ranks + 1;
}

bool has_bands(const Plan& plan) {
  const auto bands = std::ranges::find(plan.steps, "bands", &OptimizerStep::name);
  return bands != plan.steps.end() && !bands->effect.empty() && plan.options.without.count("bands") == 0;
}

Plan make_plan_for_threads(const std::vector<NamedArray>& arrays, const std::vector<StorageSummary>& storage,
                           const PlanOptions& options) {
  std::optional<std::int64_t> refused;
  PlanOptions enough = options;
  enough.memory_limit = std::min(options.memory_limit, std::int64_t{1} << 56);  // more than any machine has
  while (true) {
    try {
      Plan plan = Planner(arrays, storage, enough).make(arrays);
      if (!refused) return plan;
      break;
    } catch (const TooSmall& too_small) {
      // With more memory plans are made to use more: the limit that is named is one that was tried.
      if (!refused) refused = too_small.needed;
      // What is held is measured, and another run may find more.
      enough.memory_held = options.memory_held + options.memory_held / 16 + mib / 2;
      enough.memory_limit = std::max(too_small.needed, enough.memory_limit + enough.memory_limit / 64) / mib * mib + mib;
    }
  }
  throw ResourceError(
      "a memory limit of {} per rank is too small for this plan (blocks, accumulators and what is held between passes take {}): "
      "give at least --memory {}MiB",
      format_bytes(options.memory_limit), format_bytes(*refused), enough.memory_limit / mib);
}

}  // namespace

Plan make_plan(const std::vector<NamedArray>& arrays, const std::vector<StorageSummary>& storage, const PlanOptions& options) {
  PlanOptions fewer = options;
  while (fewer.threads > 1 && options.fewer_threads) {
    std::int64_t next = fewer.threads / 2;
    try {
      Plan plan = make_plan_for_threads(arrays, storage, fewer);
      const std::int64_t useful = blocks_per_rank(plan);
      if (useful >= fewer.threads && !has_bands(plan)) return plan;
      if (useful < fewer.threads) next = useful;
    } catch (const ResourceError&) {  // each thread takes memory
    }
    fewer.threads = static_cast<int>(next);
  }
  return make_plan_for_threads(arrays, storage, fewer);
}

}  // namespace xylem
