#include "xylem/exec/statistics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/exec/storage_summary.hpp"
#include "xylem/kernels/stats.hpp"
#include "xylem/model/cf.hpp"
#include "xylem/plan/scan_plan.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/progress.hpp"
#include "xylem/support/saturated.hpp"
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

// Values go to other ranks one behind the other, so that there are never many of them in both forms.
template <class T>
void put(std::ostream& out, const T& value) {
  cereal::BinaryOutputArchive archive(out);
  archive(value);
}

template <class T>
T get(std::istream& in) {
  T value;
  cereal::BinaryInputArchive archive(in);
  archive(value);
  return value;
}

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

// The decoding is made anew wherever it is needed: for many datasets it would take more room than their metadata.
CfDecoding decoding_of(const DatasetInfo& info, bool decode_cf) {
  std::vector<std::string> warned_of_before;
  return decode_cf ? cf_decoding(info, warned_of_before) : CfDecoding{};
}

void warn_of_attributes(const Datasets& datasets) {
  for (const auto& info : datasets) {
    std::vector<std::string> warnings;
    (void)cf_decoding(*info, warnings);
    for (const std::string& warning : warnings) logging::warning("{}", warning);
  }
}

// Adds the elements that were never written.
void add_fill(StatsAccumulator& accumulator, const DatasetScan& scan) {
  std::vector<std::byte> element = scan.info->fill;
  element.resize(static_cast<std::size_t>(scan.info->dtype.size), std::byte{0});
  accumulator.update_constant(element.data(), scan.fill_elements);
}

// Reads this rank's blocks; returns its contributions as bytes.
std::string read_share(const Communicator& comm, const ScanPlan& plan, const StatisticsOptions& options) {
  const bool decode_cf = options.decode_cf;
  std::ostringstream contributions;
  const auto contribute = [&](std::size_t dataset, const StatsAccumulator& accumulator, bool whole) {
    Contribution contribution;
    contribution.dataset = dataset;
    if (whole) {
      contribution.whole = to_result(accumulator.finalize());
    } else {
      contribution.part = accumulator.pack();
    }
    put(contributions, contribution);
  };
  FilePool files;
  std::int64_t buffer_bytes = 0;
  const std::vector<BlockRange> share = plan.share(comm.rank());
  for (const BlockRange& range : share) {
    buffer_bytes = std::max(buffer_bytes, plan.datasets()[range.dataset].block_bytes());
  }
  std::vector<std::byte> buffer(static_cast<std::size_t>(buffer_bytes));
  Progress progress("reading", plan.bytes(comm.rank()), Progress::for_stderr(comm.rank() == 0, comm.size()));
  for (const BlockRange& range : share) {
    const DatasetScan& scan = plan.datasets()[range.dataset];
    DatasetReader reader(files, scan.info, options.io);
    StatsAccumulator accumulator(scan.info->dtype, decoding_of(*scan.info, decode_cf));
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
      StatsAccumulator accumulator(scan.info->dtype, decoding_of(*scan.info, decode_cf));
      add_fill(accumulator, scan);
      contribute(i, accumulator, true);
    }
  }
  return std::move(contributions).str();
}

std::vector<DatasetStatistics> merge(const Communicator& comm, const Datasets& datasets, bool decode_cf, std::string own) {
  std::vector<DatasetStatistics> rows(datasets.size());
  // Shares are contiguous, in the order of ranks: the parts of a dataset come together, and one is combined at a time.
  std::optional<StatsAccumulator> combined;
  std::size_t current = 0;
  const auto finish = [&] {
    if (combined) rows[current] = to_result(combined->finalize());
  };
  for (std::string& bytes : comm.all_gather(std::exchange(own, {}))) {
    std::istringstream in(std::move(bytes));
    while (in.peek() != std::istringstream::traits_type::eof()) {
      auto contribution = get<Contribution>(in);
      const auto i = static_cast<std::size_t>(contribution.dataset);
      if (contribution.whole) {
        rows[i] = std::move(*contribution.whole);
        continue;
      }
      const StatsAccumulator part(datasets[i]->dtype, decoding_of(*datasets[i], decode_cf), contribution.part);
      if (combined && current == i) {
        combined->combine(part);
        continue;
      }
      finish();
      combined.emplace(part);
      current = i;
    }
  }
  finish();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].file = datasets[i]->ref.file;
    rows[i].path = datasets[i]->ref.path;
    rows[i].dtype = datasets[i]->dtype.name();
    if (!datasets[i]->null) rows[i].shape = datasets[i]->shape;
  }
  return rows;
}

}  // namespace

StatisticsReport compute_statistics(const Communicator& comm, const Datasets& datasets,
                                    const std::map<std::string, int>& scanned_by, const StatisticsOptions& options) {
  const Timer timer;
  StatisticsReport report;
  if (options.decode_cf) warn_of_attributes(datasets);
  std::vector<StorageSummary> summaries = summarize_storage(comm, datasets, scanned_by);
  for (const StorageSummary& summary : summaries) report.stored_bytes += summary.stored_bytes;
  // All ranks make the same plan, of the least limit.
  std::array<double, 2> extremes{static_cast<double>(options.memory_held), -static_cast<double>(options.memory_limit)};
  comm.all_reduce_max(extremes);
  const ScanPlan plan = comm.agree([&] {
    return ScanPlan(datasets, std::exchange(summaries, {}), comm.topology(), saturated(-extremes[1]), saturated(extremes[0]),
                    options.io);
  });
  report.forecast_bytes = plan.forecast_bytes();
  for (const DatasetScan& scan : plan.datasets()) report.read_bytes += scan.read_bytes();
  report.rows = merge(comm, datasets, options.decode_cf, comm.agree([&] { return read_share(comm, plan, options); }));
  report.seconds = timer.seconds();
  return report;
}

}  // namespace xylem
