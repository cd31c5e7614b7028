// xylem demo-data: writes a small ensemble of files such as a simulation would, to try xylem on.
#include "xylem/output/demo_data.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

DemoDataOptions read_options(const po::variables_map& arguments) {
  const auto directories = arguments["directory"].as<std::vector<std::string>>();
  if (directories.size() != 1)
    throw UsageError("xylem demo-data: name one folder to write to, not {}; see xylem demo-data --help", directories.size());
  DemoDataOptions options;
  options.directory = directories[0];
  options.size_bytes = parse_bytes(arguments["size"].as<std::string>(), "--size");
  options.files = arguments["files"].as<int>();
  options.chunk_bytes = parse_bytes(arguments["chunk"].as<std::string>(), "--chunk");
  options.compress = arguments.count("plain") == 0;
  options.single_variable = arguments.count("single") != 0;
  options.overwrite = arguments.count("overwrite") != 0;
  options.show_progress = true;
  return options;
}

std::string list_files(const std::vector<std::string>& files) {
  std::string text;
  std::int64_t total = 0;
  for (const std::string& file : files) {
    const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file));
    total += bytes;
    text += fmt::format("{}  {}\n", printable(file), format_bytes(bytes));
  }
  return text + fmt::format("{} in {}\n", format_bytes(total), plural(files.size(), "file"));
}

int run(const Communicator& world, const po::variables_map& arguments) {
  const DemoDataOptions options = world.agree([&] { return read_options(arguments); });
  const std::vector<std::string> files = write_demo_data(world, options);
  print(world, world.agree([&] { return world.rank() == 0 ? list_files(files) : std::string(); }));
  return 0;
}

}  // namespace

Command demo_data_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("size", po::value<std::string>()->default_value("16MiB")->value_name("SIZE"),
       "bytes of all elements in all files, before compression, about")
      ("files", po::value<int>()->default_value(4)->value_name("N"), "a day of the simulation each")
      ("chunk", po::value<std::string>()->default_value("1MiB")->value_name("SIZE"), "bytes of a chunk before compression, at most")
      ("plain", "do not compress (otherwise: shuffle and deflate)")
      ("single", "write one variable only, /atm/temperature (float32), and its coordinates")
      ("overwrite", "replace files that are there already")
      ("help,h", "print this help");
  // clang-format on
  return {"demo-data",
          "DIR [options]",
          "Writes a small ensemble of HDF5 files as a simulation would, the same everywhere, to try xylem on.",
          std::move(options),
          {"directory"},
          run};
}

}  // namespace xylem::drivers
