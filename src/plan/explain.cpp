#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "xylem/plan/plan.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

std::int64_t stored_bytes_read(const ScanDataset& dataset, const Scan& scan) {
  const DatasetInfo& info = *dataset.info;
  if (dataset.storage.allocated_chunks == 0) return 0;
  if (info.layout != Layout::chunked) {
    const double most = static_cast<double>(dataset.max_box_bytes) * static_cast<double>(scan.num_blocks);
    return static_cast<std::int64_t>(std::min(most, static_cast<double>(dataset.storage.stored_bytes)));
  }
  const double chunks = static_cast<double>(std::max<std::int64_t>(1, ChunkGrid(info.shape, info.chunk).size()));
  return static_cast<std::int64_t>(static_cast<double>(dataset.storage.stored_bytes) *
                                   (static_cast<double>(dataset.chunk_reads) / chunks));
}

std::int64_t decoded_bytes(const ScanDataset& dataset, const Scan& scan) {
  const DatasetInfo& info = *dataset.info;
  if (info.layout != Layout::chunked) return stored_bytes_read(dataset, scan);
  std::int64_t bytes = info.dtype.size;
  for (const std::int64_t extent : info.chunk) bytes *= extent;
  return bytes * dataset.chunk_reads;
}

struct Totals {
  std::int64_t datasets = 0, chunks = 0, reads = 0, all_chunks = 0, stored = 0, decoded = 0;
};

Totals totals(const Pass& pass) {
  Totals totals;
  for (const Scan& scan : pass.scans) {
    for (const ScanDataset& dataset : scan.datasets) {
      const DatasetInfo& info = *dataset.info;
      ++totals.datasets;
      totals.chunks += dataset.needed_chunks;
      totals.reads += dataset.chunk_reads;
      totals.all_chunks += info.layout == Layout::chunked ? ChunkGrid(info.shape, info.chunk).size() : 1;
      totals.stored += stored_bytes_read(dataset, scan);
      totals.decoded += decoded_bytes(dataset, scan);
    }
  }
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

void explain_pass(const Plan& plan, std::size_t p, std::string& text) {
  const Pass& pass = plan.passes[p];
  const Totals all = totals(pass);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "pass {} of {}{}{}\n", p + 1, plan.passes.size(), pass.reason.empty() ? "" : ": ", pass.reason);
  fmt::format_to(out, "  finds    {}\n", printable(fmt::format("{}", fmt::join(results_of(plan, pass), ", "))));
  if (all.datasets == 0) {
    fmt::format_to(out, "  reads    nothing: all it needs is in memory\n");
  } else {
    fmt::format_to(out, "  reads    {} of {} in {}, {} stored, {} decoded\n", all.chunks,
                   plural(static_cast<std::size_t>(all.all_chunks), "chunk"),
                   plural(static_cast<std::size_t>(all.datasets), "dataset"), format_bytes(all.stored),
                   format_bytes(all.decoded));
    if (all.reads > all.chunks) {
      fmt::format_to(out, "  again    {} are read more than once, for blocks that cut them (misaligned)\n",
                     plural(static_cast<std::size_t>(all.reads - all.chunks), "chunk read"));
    }
  }
  const Shares dealt = shares(plan, pass);
  fmt::format_to(out, "  work     {} on {}: {} to {} stored bytes each{}\n",
                 plural(static_cast<std::size_t>(pass.num_blocks()), "block"),
                 plural(static_cast<std::size_t>(plan.options.topology.ranks), "rank"), format_bytes(dealt.least),
                 format_bytes(dealt.most), dealt.idle == 0 ? "" : fmt::format("; {} have none", dealt.idle));
  for (const ReductionGroup& group : pass.groups) {
    std::int64_t outputs = 1;
    for (const std::int64_t extent : group.kept) outputs *= extent;
    fmt::format_to(out, "  reduces  {} of {}; {} at a time, {} of accumulators a rank\n",
                   plural(static_cast<std::size_t>(outputs), "output"),
                   plural(static_cast<std::size_t>(group.reduced), "element"),
                   group.live_tiles == group.num_tiles()
                       ? "all"
                       : plural(static_cast<std::size_t>(outputs / std::max<std::int64_t>(1, group.num_tiles())), "output"),
                   format_bytes(group.live_tiles * group.tile_state));
  }
  fmt::format_to(out, "  memory   {} a rank\n", format_bytes(pass.memory));
}

}  // namespace

std::string explain(const Plan& plan) {
  std::string text;
  fmt::format_to(std::back_inserter(text), "{} in {}, at most {} a rank (limit {}), {} dealing, {} sums\n",
                 plural(plan.results.size(), "result"),
                 plan.passes.size() == 1 ? "1 pass" : fmt::format("{} passes", plan.passes.size()), format_bytes(plan.memory),
                 format_bytes(plan.options.memory_limit),
                 plan.options.schedule == Schedule::static_dealing ? "static" : "dynamic",
                 plan.options.sums == SumMode::exact ? "exact" : "fast");
  for (std::size_t p = 0; p < plan.passes.size(); ++p) explain_pass(plan, p, text);
  return text;
}

std::string explain_json(const Plan& plan) {
  JsonWriter json;
  json.begin_object();
  json.key("ranks").value(static_cast<std::int64_t>(plan.options.topology.ranks));
  json.key("memory_limit").value(plan.options.memory_limit);
  json.key("memory").value(plan.memory);
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
    json.key("chunks_needed").value(all.chunks);
    json.key("chunk_reads").value(all.reads);
    json.key("chunk_reads_misaligned").value(all.reads - all.chunks);
    json.key("stored_bytes").value(all.stored);
    json.key("decoded_bytes").value(all.decoded);
    json.key("least_bytes_per_rank").value(dealt.least);
    json.key("most_bytes_per_rank").value(dealt.most);
    json.key("idle_ranks").value(dealt.idle);
    json.key("memory").value(pass.memory);
    json.end_object();
  }
  json.end_array();
  json.key("optimizer").begin_array();
  for (const OptimizerStep& step : plan.steps) {
    json.begin_object();
    json.key("name").value(step.name);
    json.key("seconds").value(step.seconds);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.str();
}

}  // namespace xylem
