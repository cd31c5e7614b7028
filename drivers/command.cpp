#include "command.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"
#include "xylem/support/text.hpp"

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
