#pragma once

#include <boost/program_options.hpp>

#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/tree/load.hpp"

namespace xylem::drivers {

namespace po = boost::program_options;

/// A subcommand of `xylem`: its option table and what it does.
struct Command {
  std::string name;
  std::string usage;                ///< its arguments, as the help shows them
  std::string summary;              ///< one line
  po::options_description options;  ///< what --help lists
  std::vector<std::string>
      positional;  ///< names of hidden options that take the arguments in order; the last takes all that are left
  int (*run)(const Communicator& world, const po::variables_map& arguments);
};

[[nodiscard]] Command tree_command();
[[nodiscard]] Command info_command();
[[nodiscard]] Command stats_command();
[[nodiscard]] Command reduce_command();
[[nodiscard]] Command plan_command();
[[nodiscard]] Command index_command();
[[nodiscard]] Command run_command();
[[nodiscard]] Command demo_data_command();

/// Reads a command line by the command's table; the line itself, quoted for a shell, stands in it as "command". Throws
/// UsageError, with the nearest option where one is mistyped.
[[nodiscard]] po::variables_map parse(const Command& command, const std::vector<std::string>& arguments);

/// Usage, summary and options, for --help.
[[nodiscard]] std::string help(const Command& command);

/// The options of commands that read files: --index, --no-index, --on-error.
void add_load_options(po::options_description& options);

/// Loads the tree of the argument `files`, by these options, and writes its warnings.
/// Collective: yes.
[[nodiscard]] Tree load(const Communicator& world, const po::variables_map& arguments, ScanDepth depth);

/// What --report says of itself, and the file that it names: empty where it is not given.
inline constexpr const char* report_help =
    "write what was run, its times and memory, and the result or error to this file, as JSON, also when the run fails.";
[[nodiscard]] std::string report_path(const po::variables_map& arguments);

/// What bash loads to complete the commands and their options.
[[nodiscard]] std::string bash_completion(const std::vector<Command>& commands);

/// The man page, in roff, with every option of every command.
[[nodiscard]] std::string man_page(const std::vector<Command>& commands, const std::string& version);

/// Writes text to standard output on rank 0. Throws ResourceError on all ranks when it cannot be written in full.
/// Collective: yes.
void print(const Communicator& world, const std::string& text);

/// Writes each line as a warning (rank 0).
void warn(const std::vector<std::string>& lines);

}  // namespace xylem::drivers
