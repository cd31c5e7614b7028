#include "xylem/exec/statistics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "xylem/comm/archive.hpp"
#include "xylem/kernels/stats.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/plan/scan_plan.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/progress.hpp"
#include "xylem/support/timer.hpp"

namespace xylem {

template <class Archive>
void serialize(Archive& archive, PackedStats& value) {
  archive(value.add, value.min);
}

template <class Archive>
void serialize(Archive& archive, DatasetStatistics& value) {
  archive(value.count, value.missing, value.min, value.max, value.sum, value.mean, value.std);
}

namespace {

using Datasets = std::vector<std::shared_ptr<const DatasetInfo>>;

// What one rank found of one dataset: all of it, finished, or a part to be combined.
struct Contribution {
  std::uint64_t dataset = 0;
  std::optional<DatasetStatistics> whole;
  PackedStats part;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(dataset, whole, part);
  }
};

ResultNumber to_result(const std::optional<Number>& number) {
  if (!number) return {};
  if (const auto* value = std::get_if<double>(&*number)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&*number)) return std::to_string(*value);
  return std::to_string(std::get<std::int64_t>(*number));
}

ResultNumber to_result(const std::optional<double>& number) { return number ? ResultNumber(*number) : ResultNumber(); }

DatasetStatistics to_result(const Stats& stats) {
  DatasetStatistics result;
  result.count = stats.count;
  result.missing = stats.missing;
  result.min = to_result(stats.min);
  result.max = to_result(stats.max);
  result.sum = stats.integral ? ResultNumber(stats.integer_sum) : ResultNumber(stats.sum);
  result.mean = to_result(stats.mean);
  result.std = to_result(stats.std);
  return result;
}

// The ranks share the files out among themselves and tell each other what is stored in them.
std::vector<StorageSummary> summarize(const Communicator& comm, const Datasets& datasets) {
  std::map<std::string, int> file_numbers;
  std::vector<int> owners;
  for (const auto& info : datasets) {
    const auto [entry, is_new] = file_numbers.emplace(info->ref.file, static_cast<int>(file_numbers.size()));
    owners.push_back(entry->second % comm.size());
  }
  const std::string own = comm.agree([&] {
    FilePool files;
    std::vector<StorageSummary> summaries;
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      if (owners[i] == comm.rank())
        summaries.push_back(datasets[i]->null ? StorageSummary{} : DatasetReader(files, datasets[i]).summarize());
    }
    return to_bytes(summaries);
  });
  std::vector<std::vector<StorageSummary>> by_rank;
  for (const std::string& bytes : comm.all_gather(own)) by_rank.push_back(from_bytes<std::vector<StorageSummary>>(bytes));
  std::vector<std::size_t> next(by_rank.size(), 0);
  std::vector<StorageSummary> result;
  for (const int owner : owners) {
    const auto rank = static_cast<std::size_t>(owner);
    result.push_back(std::move(by_rank[rank][next[rank]++]));
  }
  return result;
}

std::vector<CfDecoding> decodings(const Datasets& datasets, bool decode_cf) {
  std::vector<CfDecoding> result;
  std::vector<std::string> warnings;
  for (const auto& info : datasets) result.push_back(decode_cf ? cf_decoding(*info, warnings) : CfDecoding{});
  for (const std::string& warning : warnings) log::warning("{}", warning);
  return result;
}

// Adds the elements that were never written.
void add_fill(StatsAccumulator& accumulator, const DatasetScan& scan) {
  std::vector<std::byte> element = scan.info->fill;
  element.resize(static_cast<std::size_t>(scan.info->dtype.size), std::byte{0});
  accumulator.update_constant(element.data(), scan.fill_elements);
}

std::vector<Contribution> read_share(const Communicator& comm, const ScanPlan& plan, const std::vector<CfDecoding>& decoding) {
  std::vector<Contribution> contributions;
  const auto contribute = [&](std::size_t dataset, const StatsAccumulator& accumulator, bool whole) {
    Contribution& contribution = contributions.emplace_back();
    contribution.dataset = dataset;
    if (whole) {
      contribution.whole = to_result(accumulator.finalize());
    } else {
      contribution.part = accumulator.pack();
    }
  };
  FilePool files;
  std::int64_t buffer_bytes = 0;
  for (const BlockRange& range : plan.share(comm.rank())) {
    buffer_bytes = std::max(buffer_bytes, plan.datasets()[range.dataset].block_bytes());
  }
  std::vector<std::byte> buffer(static_cast<std::size_t>(buffer_bytes));
  Progress progress("reading", plan.bytes(comm.rank()), Progress::for_stderr(comm.rank() == 0, comm.size()));
  for (const BlockRange& range : plan.share(comm.rank())) {
    const DatasetScan& scan = plan.datasets()[range.dataset];
    DatasetReader reader(files, scan.info);
    StatsAccumulator accumulator(scan.info->dtype, decoding[range.dataset]);
    if (range.begin == 0) add_fill(accumulator, scan);
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      const Box box = scan.box(i);
      const std::span<std::byte> bytes(buffer.data(), static_cast<std::size_t>(box.size() * scan.info->dtype.size));
      reader.read(box, bytes);
      accumulator.update(bytes.data(), box.size());
      progress.advance(static_cast<std::int64_t>(bytes.size()));
    }
    contribute(range.dataset, accumulator, range.begin == 0 && range.end == scan.num_blocks);
  }
  if (comm.rank() == 0) {
    for (std::size_t i = 0; i < plan.datasets().size(); ++i) {
      const DatasetScan& scan = plan.datasets()[i];
      if (scan.num_blocks > 0) continue;
      StatsAccumulator accumulator(scan.info->dtype, decoding[i]);
      add_fill(accumulator, scan);
      contribute(i, accumulator, true);
    }
  }
  return contributions;
}

std::vector<DatasetStatistics> merge(const Communicator& comm, const Datasets& datasets, const std::vector<CfDecoding>& decoding,
                                     const std::vector<Contribution>& own) {
  std::vector<DatasetStatistics> rows(datasets.size());
  std::map<std::uint64_t, StatsAccumulator> parts;
  for (const std::string& bytes : comm.all_gather(to_bytes(own))) {
    for (Contribution& contribution : from_bytes<std::vector<Contribution>>(bytes)) {
      const auto i = static_cast<std::size_t>(contribution.dataset);
      if (contribution.whole) {
        rows[i] = std::move(*contribution.whole);
        continue;
      }
      const StatsAccumulator part(datasets[i]->dtype, decoding[i], contribution.part);
      if (const auto [entry, is_new] = parts.emplace(i, part); !is_new) entry->second.combine(part);
    }
  }
  for (const auto& [i, accumulator] : parts) rows[static_cast<std::size_t>(i)] = to_result(accumulator.finalize());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].file = datasets[i]->ref.file;
    rows[i].path = datasets[i]->ref.path;
    rows[i].dtype = datasets[i]->dtype.name();
    if (!datasets[i]->null) rows[i].shape = datasets[i]->shape;
  }
  return rows;
}

}  // namespace

StatisticsReport compute_statistics(const Communicator& comm, const Datasets& datasets, const StatisticsOptions& options) {
  const Timer timer;
  StatisticsReport report;
  const std::vector<CfDecoding> decoding = decodings(datasets, options.decode_cf);
  const std::vector<StorageSummary> summaries = summarize(comm, datasets);
  std::array<double, 1> held{static_cast<double>(options.memory_held)};
  comm.all_reduce_max(held);
  const auto memory_held = static_cast<std::int64_t>(held[0]);
  const ScanPlan plan =
      comm.agree([&] { return ScanPlan(datasets, summaries, comm.topology(), options.memory_limit, memory_held); });
  const std::vector<Contribution> own = comm.agree([&] { return read_share(comm, plan, decoding); });
  report.rows = merge(comm, datasets, decoding, own);
  report.forecast_bytes = plan.forecast_bytes();
  for (const StorageSummary& summary : summaries) report.stored_bytes += summary.stored_bytes;
  for (const DatasetScan& scan : plan.datasets()) report.read_bytes += scan.read_bytes();
  report.seconds = timer.seconds();
  return report;
}

}  // namespace xylem
