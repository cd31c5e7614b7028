// xylem reduce: expressions over datasets, computed together, to a netCDF file or a table.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>

#include "xylem/exec/execute.hpp"
#include "xylem/job/run_report.hpp"
#include "xylem/output/result_table.hpp"
#include "xylem/output/result_writer.hpp"
#include "xylem/plan/result_chunks.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"

#include "planned.hpp"

namespace xylem::drivers {
namespace {

void print_times(const std::vector<RankTimes>& times) {
  for (std::size_t rank = 0; rank < times.size(); ++rank) {
    const RankTimes& of = times[rank];
    logging::info(
        "rank {}: {} blocks in {:.3f} s: read {:.3f} (of it decode {:.3f}, waited for {:.3f}), evaluate {:.3f}, merge {:.3f}, "
        "write "
        "{:.3f}",
        rank, of.blocks, of.total, of.read, of.decode, of.wait, of.evaluate, of.merge, of.write);
  }
}

// A result over the data that it comes from would lose both.
void expect_no_input(const std::string& path, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(path, file, ignored)) continue;
    throw UsageError("the output '{}' is one of the files that are read: choose another name", printable(path));
  }
}

// "auto", or extents parted by commas.
Shape read_chunks(const std::string& text) {
  if (text == "auto") return {};
  Shape chunk;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::int64_t extent = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, extent);
    if (error != std::errc() || stop != text.data() + end || extent < 1)
      throw UsageError("--chunks is '{}': it is auto, or an extent of at least 1 for each dim, such as 1,180,360",
                       printable(text));
    chunk.push_back(extent);
    begin = end + 1;
  }
  return chunk;
}

ResultFile read_file_options(const po::variables_map& arguments) {
  ResultFile file;
  const auto given = [&](const char* option) { return arguments.count(option) != 0; };
  if (given("output") && arguments["output"].as<std::string>().empty()) throw UsageError("-o is empty: name the file to write");
  for (const char* option : {"overwrite", "append", "chunks", "deflate"}) {
    if (given(option) && !given("output"))
      throw UsageError("--{} says how to write a file, and there is none: name it with -o", option);
  }
  if (given("overwrite") && given("append")) throw UsageError("--overwrite and --append exclude each other: choose one");
  if (given("overwrite")) file.existing = Existing::overwrite;
  if (given("append")) file.existing = Existing::append;
  if (given("chunks")) file.storage.chunk = read_chunks(arguments["chunks"].as<std::string>());
  if (given("deflate")) {
    file.storage.deflate = arguments["deflate"].as<int>();
    if (file.storage.deflate < 1 || file.storage.deflate > 9)
      throw UsageError("--deflate is {}: it is from 1 (fast) to 9 (small)", file.storage.deflate);
  }
  file.storage.chunked = given("chunks") || given("deflate");
  return file;
}

// What a command line says to compute, and where to.
struct Request {
  std::string command;
  std::string path;  ///< of the file; empty: none
  ResultFile file;
};

int compute(const Communicator& world, ExpressionPlanner& planner, Damage& damage, Request request, RunReport& report) {
  const std::string& path = request.path;
  ResultFile& file = request.file;
  const Planned planned = planner.plan(
      damage, {}, [&file](const std::vector<ResultVariable>& variables, const std::vector<Shape>& stored, int threads) {
        ResultStorage storage = file.storage;
        storage.threads = threads;
        storage.stored = stored;
        return result_writer_memory(variables, storage);
      });
  world.agree([&] { expect_no_input(path, planner.inputs()); });
  std::unique_ptr<ResultWriter> writer;
  if (!path.empty()) {
    report.begin_stage("create");
    file.storage.stored = stored_chunks(planned.plan);
    file.storage.threads = planned.plan.options.threads;
    file.provenance = provenance(planned.skipped);
    writer = std::make_unique<ResultWriter>(world, path, planned.variables, history_line(request.command), file);
  }
  report.begin_stage("compute");
  damage.is_reading = true;
  ResultCollector collector(planned.variables);
  const auto times = execute(world, planned.plan, [&](std::size_t result, const Box& box, std::span<const std::byte> values) {
    if (writer) writer->write(result, box, values);
    collector.write(result, box, values);
  });
  damage.is_reading = false;
  report.set_times(times);
  print_times(times);
  report.begin_stage("write");
  if (writer) writer->commit();
  if (writer) report.set_outputs({path});
  const auto elements = collector.collect(world);
  print(world, world.rank() == 0 ? format_results(planned.variables, elements, path) : std::string());
  return 0;
}

int reduce(const Communicator& world, const po::variables_map& arguments, RunReport& report) {
  Request request{arguments["command"].as<std::string>(),
                  arguments.count("output") != 0 ? arguments["output"].as<std::string>() : "",
                  world.agree([&] { return read_file_options(arguments); })};
  if (!request.path.empty()) world.agree([&] { expect_output(request.path, request.file.existing); });
  ExpressionPlanner planner(world, arguments, "reduce", &report);
  Damage damage;
  return do_without(damage, world, arguments, [&] { return compute(world, planner, damage, request, report); });
}

int run(const Communicator& world, const po::variables_map& arguments) {
  RunReport report(world, report_path(arguments), arguments["command"].as<std::string>());
  return report.run([&] { return reduce(world, arguments, report); });
}

}  // namespace

Command reduce_command() {
  po::options_description options("Options");
  add_plan_options(options);
  // clang-format off
  options.add_options()
      ("output,o", po::value<std::string>()->value_name("FILE.nc"),
       "write the results to this file, as netCDF-4, whole or not at all. Small ones are printed too.")
      ("overwrite", "take the place of a file that -o names and that is there already; it stays until the new one is whole.")
      ("append", "add the results to the file that -o names, in a copy that takes its place when it is whole. "
                 "Dims and coords that it has must be the same.")
      ("chunks", po::value<std::string>()->value_name("auto|N,N,..."),
       "store results in chunks: of these extents those with as many dims; auto, and for the others: the chunks of the data "
       "that a result is made of, where they hold 16 KiB to 4 MiB, else whole rows of up to 1 MiB. Default: contiguous.")
      ("deflate", po::value<int>()->value_name("1..9"),
       "compress chunks with shuffle and deflate at this level, on all ranks and --threads at once.")
      ("report", po::value<std::string>()->value_name("FILE.json"), report_help)
      ("verbose,V", "say on standard error where the time of each rank went")
      ("help,h", "print this help");
  // clang-format on
  return {"reduce",
          "FILES... -e NAME=EXPR [-e NAME=EXPR]... [-o FILE.nc] [options]",
          "Expressions and reductions over datasets, computed together; sums are exact.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
