// Shell completion and the man page, from the commands' own option tables.
#include <fmt/format.h>

#include "command.hpp"

namespace xylem::drivers {
namespace {

std::string long_options(const Command& command) {
  std::string words;
  for (const auto& option : command.options.options()) words += (words.empty() ? "--" : " --") + option->long_name();
  return words;
}

// Plain text in the language of man pages.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) {
      escaped += std::string("\\&") + c;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
  std::string names, cases;
  for (const Command& command : commands) {
    names += command.name + " ";
    cases += fmt::format("    {}) options='{}' ;;\n", command.name, long_options(command));
  }
  return fmt::format(R"(# bash completion of xylem: made by `xylem --completion`
_xylem() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '{}--help --version' -- "$word")
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}}
complete -o filenames -F _xylem xylem
)",
                     names, cases);
}

std::string man_page(const std::vector<Command>& commands, const std::string& version) {
  std::string text = fmt::format(
      ".TH XYLEM 1 \"\" \"xylem {}\"\n.SH NAME\nxylem \\- analysis of HDF5 data larger than a node's memory\n", version);
  text +=
      ".SH SYNOPSIS\n.B xylem\n.I COMMAND\n[ARGUMENTS]\n.br\n.B mpirun \\-n\n.I RANKS\n.B xylem\n.I COMMAND\n[ARGUMENTS]\n.SH "
      "COMMANDS\n";
  for (const Command& command : commands) {
    text += fmt::format(".SS \"xylem {} {}\"\n{}\n", command.name, roff(command.usage), roff(command.summary));
    for (const auto& option : command.options.options()) {
      const std::string argument = option->format_parameter();
      text += fmt::format(".TP\n.B {}\n{}\n", roff(option->format_name() + (argument.empty() ? "" : " " + argument)),
                          roff(option->description()));
    }
  }
  return text +
         ".SH EXIT STATUS\n0 success, 1 a defect in xylem, 2 the request cannot be meant, 3 an input is not what it claims to "
         "be, "
         "4 memory, disk or permissions do not allow it.\n";
}

}  // namespace xylem::drivers
