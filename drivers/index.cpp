// xylem index: keeps what is known of many files beside them, for the commands that come after.
#include "xylem/tree/index.hpp"

#include <fmt/format.h>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

int run(const Communicator& world, const po::variables_map& arguments) {
  const auto files = arguments["files"].as<std::vector<std::string>>();
  world.agree([&] {
    if (files.empty()) throw UsageError("xylem index: name at least one file; see xylem index --help");
    if (arguments.count("output") != 0 && arguments["output"].as<std::string>().empty())
      throw UsageError("-o is empty: name the index to write");
  });
  const std::string path = arguments.count("output") != 0 ? arguments["output"].as<std::string>() : "";
  const IndexReport report = write_index(world, files, path);
  warn(report.warnings);
  print(world, fmt::format("{}: {}, {} ({} scanned, {} as before)\n", printable(report.path), plural(report.files, "file"),
                           format_bytes(report.bytes), report.files - report.kept, report.kept));
  return 0;
}

}  // namespace

Command index_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("output,o", po::value<std::string>()->value_name("FILE"),
       "the index to write, for --index FILE of other commands. Default: .xylem-index in the folder that the files have in common, where they find it by themselves.")
      ("help,h", "print this help");
  // clang-format on
  return {"index",
          "FILES... [-o FILE]",
          "Keeps what is known of files beside them, so that they need not be opened to be known again.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
