// xylem reduce: expressions over datasets, computed together, to a netCDF file or a table.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "xylem/exec/execute.hpp"
#include "xylem/output/result_table.hpp"
#include "xylem/output/result_writer.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/version.hpp"

#include "planned.hpp"

namespace xylem::drivers {
namespace {

// A line for the file's `history`: what made it.
std::string history(const Communicator& world, const po::variables_map& arguments) {
  std::string line = fmt::format("xylem {} reduce", version());
  for (const std::string& file : arguments["files"].as<std::vector<std::string>>()) line += " " + file;
  for (const std::string& expression : arguments["expression"].as<std::vector<std::string>>()) line += " -e '" + expression + "'";
  return world.broadcast(line, 0);
}

void report(const std::vector<RankTimes>& times) {
  for (std::size_t rank = 0; rank < times.size(); ++rank) {
    const RankTimes& of = times[rank];
    logging::info(
        "rank {}: {} blocks in {:.3f} s: read {:.3f} (of it decode {:.3f}), evaluate {:.3f}, merge {:.3f}, write {:.3f}", rank,
        of.blocks, of.total, of.read, of.decode, of.evaluate, of.merge, of.write);
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

int run(const Communicator& world, const po::variables_map& arguments) {
  const std::string path = arguments.count("output") != 0 ? arguments["output"].as<std::string>() : "";
  world.agree([&] {
    if (arguments.count("output") != 0 && path.empty()) throw UsageError("-o is empty: name the file to write");
  });
  const Planned planned = plan_expressions(world, arguments, "reduce");
  world.agree([&] { expect_no_input(path, planned.files); });
  std::unique_ptr<ResultWriter> writer;
  if (!path.empty()) writer = std::make_unique<ResultWriter>(world, path, planned.variables, history(world, arguments));
  ResultCollector collector(planned.variables);
  const auto times = execute(world, planned.plan, [&](std::size_t result, const Box& box, std::span<const std::byte> values) {
    if (writer) writer->write(result, box, values);
    collector.write(result, box, values);
  });
  if (writer) writer->commit();
  const auto elements = collector.collect(world);
  print(world, world.rank() == 0 ? format_results(planned.variables, elements, path) : std::string());
  report(times);
  return 0;
}

}  // namespace

Command reduce_command() {
  po::options_description options("Options");
  add_plan_options(options);
  // clang-format off
  options.add_options()
      ("output,o", po::value<std::string>()->value_name("FILE.nc"),
       "write the results to this file, as netCDF-4, whole or not at all. Small ones are printed too.")
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
