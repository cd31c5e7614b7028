// xylem tree: the proxy tree of files, from metadata alone.
#include "xylem/support/error.hpp"
#include "xylem/tree/format.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

TreeFormat read_format(const po::variables_map& arguments) {
  TreeFormat format;
  if (arguments["files"].as<std::vector<std::string>>().empty()) {
    throw UsageError("xylem tree: name at least one file; see xylem tree --help");
  }
  const auto style = arguments["style"].as<std::string>();
  if (style != "full" && style != "dantro") throw UsageError("--style {}: there are the styles full and dantro", style);
  format.style = style == "dantro" ? TreeStyle::dantro : TreeStyle::full;
  if (arguments.count("depth") != 0) {
    const int depth = arguments["depth"].as<int>();
    if (depth < 0) throw UsageError("--depth {}: give the number of levels to show, 0 or more", depth);
    format.depth = static_cast<std::size_t>(depth);
  }
  if (arguments.count("condensed") != 0) format.condensed = default_condense_threshold;
  format.attributes = arguments.count("attributes") != 0;
  if (format.attributes && format.style == TreeStyle::dantro) {
    throw UsageError("--attributes has no place in dantro's style: leave one of the two out");
  }
  if (arguments.count("json") != 0 && (format.condensed || format.attributes || format.style == TreeStyle::dantro)) {
    throw UsageError("--json is always complete: leave --condensed, --attributes and --style out");
  }
  return format;
}

int run(const Communicator& world, const po::variables_map& arguments) {
  const TreeFormat format = world.agree([&] { return read_format(arguments); });
  const Tree tree = load(world, arguments, ScanDepth::metadata);
  std::vector<std::string> problems;
  const std::string text = world.agree([&] {
    if (world.rank() != 0) return std::string();
    return arguments.count("json") != 0 ? tree_json(tree, format.depth, problems) : format_tree(tree, format, problems);
  });
  warn(problems);
  print(world, text);
  return 0;
}

}  // namespace

Command tree_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("condensed", "show the first and last few members of large groups only")
      ("depth", po::value<int>()->value_name("N"), "show N levels below the root")
      ("attributes", "list the attributes of groups and datasets")
      ("style", po::value<std::string>()->default_value("full")->value_name("full|dantro"),
       "dantro: as dantro prints its tree, on 80 columns")
      ("json", "print JSON: an array of one object per file, its root group, members nested");
  // clang-format on
  add_load_options(options);
  options.add_options()("verbose,V", "say on standard error how long it took")("help,h", "print this help");
  return {"tree",
          "FILES... [options]",
          "The proxy tree of HDF5 files, from metadata alone: no dataset is read.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
