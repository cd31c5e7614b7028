#include "command.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"
#include "xylem/support/timer.hpp"

namespace xylem::drivers {

namespace {

std::string quoted(const std::string& argument) {
  const bool plain = !argument.empty() && argument.find_first_not_of(
                                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_-+./:,=@%") == std::string::npos;
  if (plain) return argument;
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

po::variables_map parse(const Command& command, const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(command.options);
  po::positional_options_description positional;
  for (std::size_t i = 0; i < command.positional.size(); ++i) {
    const bool last = i + 1 == command.positional.size();
    all.add_options()(command.positional[i].c_str(), po::value<std::vector<std::string>>()->default_value({}, ""));
    positional.add(command.positional[i].c_str(), last ? -1 : 1);
  }
  try {
    po::variables_map result;
    // No guessing: an abbreviated option would change its meaning when another is added.
    const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).style(style).run(), result);
    po::notify(result);
    std::string line = "xylem " + command.name;
    for (const std::string& argument : arguments) line += " " + quoted(argument);
    result.insert({"command", po::variable_value(line, false)});
    return result;
  } catch (const po::unknown_option& error) {
    std::vector<std::string> names;
    for (const auto& option : command.options.options()) names.push_back("--" + option->long_name());
    throw UsageError("xylem {} has no option '{}'{}; see xylem {} --help", command.name, printable(error.get_option_name()),
                     did_you_mean(error.get_option_name(), names), command.name);
  } catch (const po::error& error) {
    throw UsageError("xylem {}: {}; see xylem {} --help", command.name, printable(error.what()), command.name);
  }
}

std::string help(const Command& command) {
  std::ostringstream options;
  options << command.options;
  return fmt::format("Usage: xylem {} {}\n\n{}\n\n{}", command.name, command.usage, command.summary, options.str());
}

void add_load_options(po::options_description& options) {
  // clang-format off
  options.add_options()
      ("index", po::value<std::string>()->value_name("FILE"),
       "take what this index (xylem index) knows of files that have not changed. Default: .xylem-index in the folder that the files have in common, or the nearest one above.")
      ("no-index", "use no index: scan all files")
      ("on-error", po::value<std::string>()->default_value("stop")->value_name("stop|skip"),
       "a file that cannot be read, or some of whose data cannot, ends the run, or is left out and named.");
  // clang-format on
}

Tree load(const Communicator& world, const po::variables_map& arguments, ScanDepth depth) {
  const ScanOptions options = world.agree([&] {
    ScanOptions result;
    result.depth = depth;
    result.use_index = arguments.count("no-index") == 0;
    if (arguments.count("index") != 0) result.index = arguments["index"].as<std::string>();
    if (arguments.count("index") != 0 && result.index.empty()) throw UsageError("--index is empty: name an index");
    if (!result.use_index && !result.index.empty()) throw UsageError("--index and --no-index exclude each other: choose one");
    const auto on_error = arguments["on-error"].as<std::string>();
    if (on_error != "stop" && on_error != "skip") throw UsageError("--on-error is '{}': it is stop or skip", printable(on_error));
    result.skip_unreadable = on_error == "skip";
    return result;
  });
  const Timer timer;
  Tree tree = load_tree(world, arguments["files"].as<std::vector<std::string>>(), options);
  warn(tree.warnings);
  world.agree([&] {
    if (tree.files.empty()) throw DataError("none of {} could be read", plural(tree.skipped.size(), "file"));
  });
  logging::info("{} in {:.3f} s, {} of them from the index", plural(tree.files.size(), "file"), timer.seconds(), tree.from_index);
  return tree;
}

std::string report_path(const po::variables_map& arguments) {
  return arguments.count("report") != 0 ? arguments["report"].as<std::string>() : "";
}

void print(const Communicator& world, const std::string& text) {
  world.agree([&] {
    if (world.rank() != 0) return;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw ResourceError("cannot write to standard output ({}): nothing else was lost, run again with room for the output",
                          std::strerror(errno));
    }
  });
}

void warn(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) logging::warning("{}", line);
}

}  // namespace xylem::drivers
