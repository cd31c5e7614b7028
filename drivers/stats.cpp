// xylem stats: count, missing, min, max, sum, mean and std of datasets, in one pass.
#include <fmt/format.h>

#include "xylem/exec/statistics.hpp"
#include "xylem/job/compute.hpp"
#include "xylem/job/run_report.hpp"
#include "xylem/output/statistics.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/select.hpp"

#include "damage.hpp"

namespace xylem::drivers {
namespace {

StatisticsOptions read_options(const po::variables_map& arguments) {
  if (arguments["files"].as<std::vector<std::string>>().empty())
    throw UsageError("xylem stats: name at least one file; see xylem stats --help");
  if (arguments.count("csv") != 0 && arguments.count("json") != 0)
    throw UsageError("--csv and --json exclude each other: choose one");
  StatisticsOptions options;
  options.decode_cf = arguments.count("raw") == 0;
  options.io = parse_io_strategy(arguments["io"].as<std::string>());
  if (options.io == IoStrategy::collective)
    throw UsageError("--io collective reads one dataset on all ranks together, and stats deals datasets out: it is of reduce");
  if (arguments.count("memory") != 0) options.memory_limit = parse_bytes(arguments["memory"].as<std::string>(), "--memory");
  return options;
}

void print_statistics(const Communicator& world, const po::variables_map& arguments, const StatisticsReport& report) {
  print(world, world.rank() != 0              ? std::string()
               : arguments.count("json") != 0 ? format_json(report.rows)
               : arguments.count("csv") != 0  ? format_csv(report.rows)
                                              : format_table(report.rows));
  logging::info("read {} ({} stored) of {} in {:.2f} s on {}: {}/s; memory per rank at most {} over an idle process",
                format_bytes(report.read_bytes), format_bytes(report.stored_bytes), plural(report.rows.size(), "dataset"),
                report.seconds, plural(static_cast<std::size_t>(world.size()), "rank"),
                format_bytes(static_cast<std::int64_t>(static_cast<double>(report.read_bytes) / report.seconds)),
                format_bytes(report.forecast_bytes));
}

int statistics(const Communicator& world, const po::variables_map& arguments, RunReport& run_report) {
  StatisticsOptions options = world.agree([&] { return read_options(arguments); });
  const std::int64_t idle = resident_bytes();
  run_report.begin_stage("load");
  const Tree tree = load(world, arguments, ScanDepth::contents);
  const auto patterns =
      arguments.count("variable") != 0 ? arguments["variable"].as<std::vector<std::string>>() : std::vector<std::string>{};
  Selection selection = world.agree([&] { return select_numeric(tree, patterns); });
  for (const std::string& note : selection.notes) logging::note("{}", note);
  std::vector<std::string> inputs;
  for (const FileTree& file : tree.files) inputs.push_back(file.file);
  for (const FileTree& file : tree.linked_files) inputs.push_back(file.file);
  run_report.set_inputs(inputs);
  if (options.memory_limit == 0) options.memory_limit = world.node_memory_per_rank() - idle;

  Damage damage;
  return do_without(damage, world, arguments, [&] {
    std::vector<SkippedFile> skipped = tree.skipped;
    skipped.insert(skipped.end(), damage.files.begin(), damage.files.end());
    run_report.set_skipped(skipped);
    std::erase_if(selection.datasets, [&](const auto& info) { return damage.is_in(info->ref.file); });
    damage.datasets = selection.datasets;
    run_report.begin_stage("compute");
    options.memory_held = metadata_bytes(idle);
    damage.is_reading = true;
    const StatisticsReport report = compute_statistics(world, selection.datasets, tree.scanned_by(), options);
    damage.is_reading = false;
    run_report.set_forecast(report.forecast_bytes);
    run_report.set_read(report.stored_bytes, report.read_bytes);
    run_report.begin_stage("print");
    print_statistics(world, arguments, report);
    return 0;
  });
}

int run(const Communicator& world, const po::variables_map& arguments) {
  RunReport report(world, report_path(arguments), arguments["command"].as<std::string>());
  return report.run([&] { return statistics(world, arguments, report); });
}

}  // namespace

Command stats_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("variable,v", po::value<std::vector<std::string>>()->composing()->value_name("PATH|GLOB"),
       "a dataset by its path from the file's root, a glob, '/atm/*', or a name without '/', at whatever depth. "
       "May be repeated. Default: every numeric dataset.")
      ("memory", po::value<std::string>()->value_name("SIZE"),
       "what one rank may use beyond an idle process, such as 128MiB. Default: the least of the node's memory, its control group's limit and Slurm's, divided by the node's ranks.")
      ("io", po::value<std::string>()->default_value("auto")->value_name("auto|direct|hyperslab"),
       "how stored data are read: by our own reads and decoders, or by HDF5; auto is direct wherever that can be.")
      ("raw", "take elements as stored: no _FillValue, missing_value, valid_range, scale_factor, add_offset, _Unsigned. "
              "(NaN counts as missing all the same.)")
      ("csv", "print CSV")
      ("json", "print JSON: an array of one object per dataset; infinities are the strings \"Infinity\" and \"-Infinity\"")
      ("report", po::value<std::string>()->value_name("FILE.json"), report_help)
      ("verbose,V", "say on standard error what was read, how fast, in how much memory");
  // clang-format on
  add_load_options(options);
  options.add_options()("help,h", "print this help");
  return {"stats",
          "FILES... [-v PATH|GLOB]... [options]",
          "Count, missing, min, max, sum, mean and std of datasets, in one pass; sums are exact.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
