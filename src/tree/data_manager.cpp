#include "xylem/tree/data_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "xylem/storage/files.hpp"
#include "xylem/support/text.hpp"

#include "detail/on_rank_zero.hpp"
#include "detail/read_texts.hpp"

namespace fs = std::filesystem;

namespace xylem {
namespace {

// The names of what lies below a node, for suggestions.
void collect_paths(const Group& group, const std::string& above, std::vector<std::string>& paths) {
  for (const auto& member : group.members()) {
    paths.push_back(above + member->name());
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) collect_paths(*inner, paths.back() + "/", paths);
  }
}

}  // namespace

DataManager::DataManager(const Communicator& comm, const std::string& data_dir, std::string name) : comm_(&comm) {
  data_dir_ = on_rank_zero(comm, [&] {
    std::error_code error;
    const std::string here = fs::current_path(error).string();
    std::string folder = absolute_path(data_dir, here);
    if (!fs::is_directory(folder, error)) {
      throw UsageError("the data directory '{}' is not there, or is no folder", printable(folder));
    }
    return folder;
  });
  if (name.empty()) {
    name = fs::path(data_dir_).filename().string() + "_Manager";
    std::replace(name.begin(), name.end(), ' ', '_');
  }
  root_ = std::make_shared<Group>(std::move(name), Attributes{});
}

Group& DataManager::new_group(const std::string& path, const std::optional<std::string>& type) {
  Group* group = root_.get();
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty()) throw UsageError("the path '{}' of a group has an empty component", printable(path));
    Node* member = group->find(name);
    if (member == nullptr) {
      const bool last = end == path.size();
      const std::string own = last && type ? *type : group->type_of_new_groups();
      member = &group->add(std::make_shared<Group>(name, Attributes{}, own));
    }
    group = dynamic_cast<Group*>(member);
    if (group == nullptr) {
      throw UsageError("'{}' is no group, and cannot hold a member: '{}' needs it to be one", printable(path.substr(0, end)),
                       printable(path));
    }
  }
  return *group;
}

Container& DataManager::container(const std::string& path) {
  if (auto* found = dynamic_cast<Container*>(root_->find(path))) return *found;
  std::vector<std::string> paths;
  collect_paths(*root_, "", paths);
  throw UsageError("there is no container '{}' in '{}'{}", printable(path), printable(root_->name()), did_you_mean(path, paths));
}

void DataManager::load(const std::string& entry_name, const LoadOptions& options) {
  load(comm_->agree([&] { return check_load_entry({entry_name, options}); }));
}

void DataManager::load_from_cfg(const LoadConfig& config) {
  comm_->agree([&] {
    for (const NewGroup& group : config.create_groups) {
      if (root_->find(group.path) != nullptr) throw UsageError("'create_groups': '{}' is there already", printable(group.path));
      new_group(group.path, group.type);
    }
  });
  for (const LoadEntry& entry : config.entries) load(entry);
  print(config.print_tree);
}

void DataManager::load_from_cfg(const std::string& yaml) {
  load_from_cfg(comm_->agree([&] { return parse_manager_config(parse_yaml(yaml, "load configuration"), "load configuration"); }));
}

std::string DataManager::tree(const TreeFormat& format, std::vector<std::string>& problems) const {
  return format_tree(files_, *root_, format, problems);
}

std::string DataManager::tree(const TreeFormat& format) const {
  std::vector<std::string> ignored;
  return tree(format, ignored);
}

void DataManager::print(PrintTree how) const {
  if (how == PrintTree::no) return;
  comm_->agree([&] {
    if (comm_->rank() != 0) return;
    TreeFormat format;
    if (how == PrintTree::condensed) format.condensed = default_condense_threshold;
    const std::string text = tree(format);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw ResourceError("the tree cannot be written to standard output");
    }
  });
}

LoadConfig read_manager_config(const Communicator& comm, const std::string& file) {
  std::vector<std::string> warnings;
  const auto texts = read_texts(comm, {file}, false, warnings);
  return comm.agree([&] { return parse_manager_config(parse_yaml(*texts[0], file), file); });
}

}  // namespace xylem
