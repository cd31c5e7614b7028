// xylem info: one object of a file in full.
#include <optional>

#include "xylem/storage/reader.hpp"
#include "xylem/support/error.hpp"
#include "xylem/tree/describe.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/select.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

// The named object as it stands in the tree; a link is shown as a link, and then what it leads to.
std::string describe(const Tree& tree, const std::string& path, bool json) {
  const FileTree& file = tree.files.at(0);
  std::string text;
  if (const auto* link = dynamic_cast<const Link*>(file.root->find(path)); link != nullptr) {
    if (json || tree.follow(file, *link) == nullptr)
      return json ? describe_link_json(tree, file, *link) : describe_link(tree, file, *link);
    text = describe_link(tree, file, *link) + "\n";
  }
  const Node& node = find_object(tree, file, path);
  if (const auto* group = dynamic_cast<const Group*>(&node))
    return text + (json ? describe_group_json(*group) : describe_group(*group));
  const auto* container = dynamic_cast<const Container*>(&node);
  if (container == nullptr) throw UsageError("'{}' is a named datatype: there is nothing more to tell of it", path);
  std::optional<StorageSummary> storage;
  if (!container->info().null) {
    FilePool files;
    storage = DatasetReader(files, container->proxy().shared_info()).summarize();
  }
  return text + (json ? describe_dataset_json(*container, storage) : describe_dataset(*container, storage));
}

int run(const Communicator& world, const po::variables_map& arguments) {
  const auto files = arguments["file"].as<std::vector<std::string>>();
  const auto paths = arguments["path"].as<std::vector<std::string>>();
  world.agree([&] {
    if (files.size() != 1 || paths.size() != 1)
      throw UsageError("xylem info takes one file and one path in it; see xylem info --help");
  });
  const Tree tree = load_tree(world, files);
  warn(tree.warnings);
  const std::string text = world.agree([&] {
    if (tree.files.size() != 1) throw UsageError("'{}' matches {} files: xylem info takes one", files[0], tree.files.size());
    return world.rank() == 0 ? describe(tree, paths[0], arguments.count("json") != 0) : std::string();
  });
  print(world, text);
  return 0;
}

}  // namespace

Command info_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("json", "print JSON: one object")
      ("help,h", "print this help");
  // clang-format on
  return {"info",
          "FILE PATH [options]",
          "One dataset in full: type, shape, labels, storage, filters, ratio, chunk grid, attributes.",
          std::move(options),
          {"file", "path"},
          run};
}

}  // namespace xylem::drivers
