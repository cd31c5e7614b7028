#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "xylem/plan/plan.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/saturated.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

std::int64_t stored_bytes_read(const ScanDataset& dataset, const Scan& scan) {
  const DatasetInfo& info = *dataset.info;
  if (dataset.storage.allocated_chunks == 0) return 0;
  if (info.layout != Layout::chunked) {
    const double most = static_cast<double>(dataset.max_box_bytes) * static_cast<double>(scan.num_blocks);
    return saturated(std::min(most, static_cast<double>(dataset.storage.stored_bytes)));
  }
  const double chunks = static_cast<double>(std::max<std::int64_t>(1, ChunkGrid(info.shape, info.chunk).size()));
  return saturated(static_cast<double>(dataset.storage.stored_bytes) * (static_cast<double>(dataset.chunk_reads) / chunks));
}

std::int64_t decoded_bytes(const ScanDataset& dataset, const Scan& scan) {
  const DatasetInfo& info = *dataset.info;
  if (info.layout != Layout::chunked) return stored_bytes_read(dataset, scan);
  double bytes = static_cast<double>(dataset.chunk_reads) * info.dtype.size;
  for (const std::int64_t extent : info.chunk) bytes *= static_cast<double>(extent);
  const auto chunks = static_cast<double>(std::max<std::int64_t>(1, ChunkGrid(info.shape, info.chunk).size()));
  return saturated(bytes * (static_cast<double>(dataset.storage.allocated_chunks) / chunks));
}

struct Totals {
  std::int64_t datasets = 0, chunks = 0, reads = 0, all_chunks = 0, written = 0, stored = 0, decoded = 0;
};

// A dataset that several scans read counts once, and its chunks at most once.
Totals totals(const Pass& pass) {
  Totals totals;
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> needed;
  for (const Scan& scan : pass.scans) {
    for (const ScanDataset& dataset : scan.datasets) {
      const DatasetInfo& info = *dataset.info;
      const std::int64_t all = info.layout == Layout::chunked ? ChunkGrid(info.shape, info.chunk).size() : 1;
      const auto [known, is_new] = needed.try_emplace({info.ref.file, info.ref.path}, 0);
      if (is_new) {
        totals.all_chunks += all;
        totals.written += dataset.storage.allocated_chunks;
      }
      const std::int64_t more = std::min(all, known->second + dataset.needed_chunks) - known->second;
      known->second += more;
      totals.chunks += more;
      totals.reads += info.layout == Layout::chunked ? dataset.chunk_reads : more;
      totals.stored += stored_bytes_read(dataset, scan);
      totals.decoded += decoded_bytes(dataset, scan);
    }
  }
  totals.datasets = static_cast<std::int64_t>(needed.size());
  return totals;
}

std::vector<std::string> results_of(const Plan& plan, const Pass& pass) {
  std::vector<std::string> names;
  const auto add = [&](const Destination& destination) {
    const std::string name =
        destination.intermediate ? plan.intermediates[destination.index].what : plan.results[destination.index].name;
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Scan& scan : pass.scans) {
    for (const Evaluation& evaluation : scan.evaluations) {
      for (const Emission& emission : evaluation.emissions) add(emission.destination);
    }
  }
  for (const ReductionGroup& group : pass.groups) {
    for (const ReductionGroup::Target& target : group.targets) add(target.destination);
  }
  return names;
}

struct Shares {
  std::int64_t least = 0, most = 0, idle = 0;
};

Shares shares(const Plan& plan, const Pass& pass) {
  Shares result;
  for (int rank = 0; rank < plan.options.topology.ranks; ++rank) {
    const ShareSummary share = share_of_rank(plan, pass, rank);
    result.least = rank == 0 ? share.weight : std::min(result.least, share.weight);
    result.most = std::max(result.most, share.weight);
    if (share.blocks == 0) ++result.idle;
  }
  return result;
}

std::size_t number(std::int64_t n) { return static_cast<std::size_t>(n); }

std::string words(const Shares& dealt, int ranks) {
  if (ranks == 1) return "";
  std::string text = dealt.least == dealt.most
                         ? fmt::format(": {} each", format_bytes(dealt.most))
                         : fmt::format(": {} to {} each", format_bytes(dealt.least), format_bytes(dealt.most));
  if (dealt.idle > 0) text += fmt::format("; {} without any", plural(number(dealt.idle), "rank"));
  return text;
}

// Datasets that are read in the same way for the same reason.
std::map<std::pair<std::string, std::string>, std::set<std::string>> ways_of_reading(const Pass& pass) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> ways;
  for (const Scan& scan : pass.scans) {
    for (const ScanDataset& dataset : scan.datasets) {
      if (dataset.storage.allocated_chunks == 0) continue;
      ways[{std::string(io_strategy_name(dataset.io.strategy)), dataset.io.why}].insert(dataset.info->ref.describe());
    }
  }
  return ways;
}

void explain_reading(const Pass& pass, std::string& text) {
  constexpr std::size_t most_named = 3;
  for (const auto& [way, datasets] : ways_of_reading(pass)) {
    fmt::format_to(
        std::back_inserter(text), "  io       {} ({}): {}\n", way.first, printable(way.second),
        datasets.size() <= most_named ? fmt::format("{}", fmt::join(datasets, ", ")) : plural(datasets.size(), "dataset"));
  }
}

// The part of its results that a group finds.
std::string band(const Plan& plan, const ReductionGroup& group) {
  for (const ReductionGroup::Target& target : group.targets) {
    const Destination& to = target.destination;
    const Shape& whole = to.intermediate ? plan.intermediates[to.index].shape : plan.results[to.index].shape;
    for (std::size_t a = 0; a < group.kept.size(); ++a) {
      if (group.kept[a] < whole[number(target.axes[a])]) return " (band " + format_box({group.origin, group.kept}) + ")";
    }
  }
  return "";
}

void explain_pass(const Plan& plan, std::size_t p, std::string& text) {
  const Pass& pass = plan.passes[p];
  const Totals all = totals(pass);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "pass {} of {}{}{}\n", p + 1, plan.passes.size(), pass.reason.empty() ? "" : ": ", pass.reason);
  fmt::format_to(out, "  finds    {}\n", printable(fmt::format("{}", fmt::join(results_of(plan, pass), ", "))));
  if (all.datasets == 0) {
    fmt::format_to(out, "  reads    nothing: all it needs is in memory\n");
  } else {
    fmt::format_to(out, "  reads    {} of {} in {}: {} stored, {} decoded\n", all.chunks, plural(number(all.all_chunks), "chunk"),
                   plural(number(all.datasets), "dataset"), format_bytes(all.stored), format_bytes(all.decoded));
    if (all.written < all.all_chunks) {
      fmt::format_to(out, "  written  {} of all chunks; the others hold the fill value\n", all.written);
    }
    if (all.reads > all.chunks) {
      fmt::format_to(out, "  again    {}, of chunks that several blocks need (misaligned)\n",
                     plural(number(all.reads - all.chunks), "more read"));
    }
  }
  explain_reading(pass, text);
  fmt::format_to(out, "  work     {} on {}{}\n", plural(number(pass.num_blocks()), "block"),
                 plural(number(plan.options.topology.ranks), "rank"), words(shares(plan, pass), plan.options.topology.ranks));
  for (const ReductionGroup& group : pass.groups) {
    const std::int64_t outputs = num_elements(group.kept).value_or(0);
    fmt::format_to(out, "  reduces  {} to each of {}{}; a rank holds {} at a time, {} of accumulators\n",
                   plural(number(group.reduced), "element"), plural(number(outputs), "output"), band(plan, group),
                   group.live_tiles == group.num_tiles()
                       ? "all"
                       : plural(number(outputs / std::max<std::int64_t>(1, group.num_tiles()) * group.live_tiles), "output"),
                   format_bytes(group.live_tiles * group.tile_usual));
  }
  fmt::format_to(out, "  memory   {} a rank, up to {} for a wide spread of values\n", format_bytes(pass.memory),
                 format_bytes(pass.memory_bound));
}

void explain_intermediates(const Plan& plan, std::string& text) {
  for (const Intermediate& made : plan.intermediates) {
    if (made.bytes() == 0) continue;
    fmt::format_to(std::back_inserter(text), "held by every rank: {} {}, {}\n", printable(made.what), format_shape(made.shape),
                   format_bytes(made.bytes()));
  }
}

}  // namespace

std::string explain(const Plan& plan) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "{} in {}, {} a rank, at most {} a rank (limit {}), {} dealing, {} sums\n", plural(plan.results.size(), "result"),
      plan.passes.size() == 1 ? "1 pass" : fmt::format("{} passes", plan.passes.size()),
      plural(number(plan.options.threads), "thread"), format_bytes(plan.memory), format_bytes(plan.options.memory_limit),
      plan.options.schedule == Schedule::static_dealing ? "static" : "dynamic",
      plan.options.sums == SumMode::exact ? "exact" : "fast");
  for (std::size_t p = 0; p < plan.passes.size(); ++p) explain_pass(plan, p, text);
  explain_intermediates(plan, text);
  for (const OptimizerStep& step : plan.steps) {
    if (!step.effect.empty()) fmt::format_to(out, "optimizer: {}: {}\n", step.name, step.effect);
  }
  return text;
}

std::string explain_json(const Plan& plan) {
  JsonWriter json;
  json.begin_object();
  json.key("ranks").value(static_cast<std::int64_t>(plan.options.topology.ranks));
  json.key("threads").value(static_cast<std::int64_t>(plan.options.threads));
  json.key("memory_limit").value(plan.options.memory_limit);
  json.key("memory").value(plan.memory);
  json.key("memory_bound").value(plan.memory_bound);
  json.key("schedule").value(plan.options.schedule == Schedule::static_dealing ? "static" : "dynamic");
  json.key("sums").value(plan.options.sums == SumMode::exact ? "exact" : "fast");
  json.key("results").begin_array();
  for (const PlannedResult& result : plan.results) {
    json.begin_object();
    json.key("name").value(result.name);
    json.key("dtype").value(type_name(result.type));
    json.key("shape").inline_array(result.shape);
    json.end_object();
  }
  json.end_array();
  json.key("passes").begin_array();
  for (const Pass& pass : plan.passes) {
    const Totals all = totals(pass);
    const Shares dealt = shares(plan, pass);
    json.begin_object();
    json.key("reason").value(pass.reason);
    json.key("finds").begin_array();
    for (const std::string& name : results_of(plan, pass)) json.value(name);
    json.end_array();
    json.key("blocks").value(pass.num_blocks());
    json.key("chunks").value(all.all_chunks);
    json.key("chunks_written").value(all.written);
    json.key("chunks_needed").value(all.chunks);
    json.key("chunk_reads").value(all.reads);
    json.key("chunk_reads_misaligned").value(all.reads - all.chunks);
    json.key("stored_bytes").value(all.stored);
    json.key("decoded_bytes").value(all.decoded);
    json.key("least_bytes_per_rank").value(dealt.least);
    json.key("most_bytes_per_rank").value(dealt.most);
    json.key("idle_ranks").value(dealt.idle);
    json.key("memory").value(pass.memory);
    json.key("memory_bound").value(pass.memory_bound);
    json.key("io").begin_array();
    for (const auto& [way, datasets] : ways_of_reading(pass)) {
      json.begin_object().key("strategy").value(way.first).key("why").value(way.second).key("datasets").begin_array();
      for (const std::string& dataset : datasets) json.value(dataset);
      json.end_array().end_object();
    }
    json.end_array();
    json.key("reductions").begin_array();
    for (const ReductionGroup& group : pass.groups) {
      json.begin_object();
      json.key("outputs").inline_array(group.kept);
      json.key("first_output").inline_array(group.origin);
      json.key("elements_per_output").value(group.reduced);
      json.key("tiles").value(group.num_tiles());
      json.key("tiles_at_a_time").value(group.live_tiles);
      json.key("accumulator_bytes").value(group.live_tiles * group.tile_usual);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.key("intermediates").begin_array();
  for (const Intermediate& made : plan.intermediates) {
    if (made.bytes() == 0) continue;
    json.begin_object();
    json.key("what").value(made.what);
    json.key("shape").inline_array(made.shape);
    json.key("bytes").value(made.bytes());
    json.end_object();
  }
  json.end_array();
  json.key("optimizer").begin_array();
  for (const OptimizerStep& step : plan.steps) {
    json.begin_object();
    json.key("name").value(step.name);
    json.key("effect").value(step.effect.empty() ? "nothing to do" : step.effect);
    json.key("seconds").value(step.seconds);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.str();
}

}  // namespace xylem
