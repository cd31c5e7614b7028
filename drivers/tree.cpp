// xylem tree: the proxy tree of files, from metadata alone, or what a load configuration makes of them.
#include "xylem/support/error.hpp"
#include "xylem/tree/data_manager.hpp"
#include "xylem/tree/format.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

TreeFormat read_format(const po::variables_map& arguments) {
  TreeFormat format;
  const bool named = !arguments["files"].as<std::vector<std::string>>().empty();
  if (arguments.count("load") == 0) {
    if (!named) throw UsageError("xylem tree: name at least one file; see xylem tree --help");
    if (arguments.count("base") != 0) throw UsageError("--base is for --load: files are looked for from here");
  } else if (named) {
    throw UsageError("--load says which files are loaded: leave the names of files out");
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

// Prints what `make` gives on rank 0.
template <class Make>
void print_tree(const Communicator& world, const std::vector<std::string>& warnings, Make&& make) {
  warn(warnings);
  std::vector<std::string> problems;
  const std::string text = world.agree([&] { return world.rank() == 0 ? make(problems) : std::string(); });
  warn(problems);
  print(world, text);
}

int run(const Communicator& world, const po::variables_map& arguments) {
  TreeFormat format = world.agree([&] { return read_format(arguments); });
  const bool json = arguments.count("json") != 0;
  if (arguments.count("load") == 0) {
    const Tree tree = load(world, arguments, ScanDepth::metadata);
    print_tree(world, {}, [&](std::vector<std::string>& problems) {
      return json ? tree_json(tree, format.depth, problems) : format_tree(tree, format, problems);
    });
    return 0;
  }
  LoadConfig config = read_manager_config(world, arguments["load"].as<std::string>());
  if (config.print_tree == PrintTree::condensed && !json) format.condensed = default_condense_threshold;
  config.print_tree = PrintTree::no;
  DataManager data(world, arguments.count("base") != 0 ? arguments["base"].as<std::string>() : ".");
  data.load_from_cfg(config);
  print_tree(world, data.warnings(), [&](std::vector<std::string>& problems) {
    return json ? tree_json(data.files(), data.root(), format.depth, problems) : data.tree(format, problems);
  });
  return 0;
}

}  // namespace

Command tree_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("load", po::value<std::string>()->value_name("CONFIG"),
       "load what a YAML file of load entries says (docs/loading.md), rather than FILES")
      ("base", po::value<std::string>()->value_name("DIR"), "the data directory of --load; here by default")
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
          "FILES... | --load CONFIG [options]",
          "The proxy tree of HDF5 files, from metadata alone: no dataset is read but by the loader hdf5.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
