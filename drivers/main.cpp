// The xylem program: finds the subcommand, and ends every rank with the right exit code (docs/exit-codes.md).
#include <fmt/format.h>

#include <string>
#include <vector>

#include "xylem/exec/session.hpp"
#include "xylem/job/run_report.hpp"
#include "xylem/kernels/instruction_set.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/standard_streams.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/version.hpp"

#include "command.hpp"

namespace {

using namespace xylem;
using namespace xylem::drivers;

std::vector<Command> commands() {
  return {tree_command(), info_command(), stats_command(), reduce_command(),
          plan_command(), run_command(),  index_command(), demo_data_command()};
}

std::string overview() {
  std::string text =
      "Usage: xylem COMMAND [ARGUMENTS]\n       mpirun -n RANKS xylem COMMAND [ARGUMENTS]\n\n"
      "Analyses HDF5 data larger than a node's memory, on any number of MPI ranks.\n\nCommands:\n";
  for (const Command& command : commands()) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  return text +
         "\nxylem COMMAND --help lists a command's options; xylem --version prints versions;\n"
         "xylem --completion prints what bash completes it by, xylem --man the man page.\n";
}

std::string versions() {
  const auto all = software_versions();
  return fmt::format("xylem {}\nKokkos {}\nHDF5 {} (parallel)\nMPI {}\ncompiler {}\nbuild type {}\nkernels {}\n", all.at("xylem"),
                     all.at("kokkos"), all.at("hdf5"), all.at("mpi"), compiler(), build_type(), instruction_set());
}

int run(const Communicator& world, const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "" : arguments[0];
  if (name.empty()) world.agree([] { throw UsageError("xylem needs a command; see xylem --help"); });
  if (name == "--help" || name == "-h" || name == "help") {
    print(world, overview());
    return 0;
  }
  if (name == "--version") {
    print(world, versions());
    return 0;
  }
  // For the installation (drivers/CMakeLists.txt).
  if (name == "--completion" || name == "--man") {
    print(world, name == "--man" ? man_page(commands(), std::string(version())) : bash_completion(commands()));
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    names.push_back(command.name);
    if (command.name != name) continue;
    const po::variables_map parsed = world.agree([&] { return parse(command, {arguments.begin() + 1, arguments.end()}); });
    if (parsed.count("help") != 0) {
      print(world, help(command));
      return 0;
    }
    logging::set_verbose(parsed.count("verbose") != 0);
    return command.run(world, parsed);
  }
  world.agree(
      [&] { throw UsageError("xylem has no command '{}'{}; see xylem --help", printable(name), did_you_mean(name, names)); });
  return static_cast<int>(ErrorKind::usage);
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  Session session(argc, argv);
  return run_guarded(session.world(), [&] { return run(session.world(), arguments); });
}
