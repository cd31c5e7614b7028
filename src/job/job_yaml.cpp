#include "detail/job_yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem::detail {
namespace {

bool holds(const YAML::Node& tree, const YAML::Node& node) {
  if (tree.is(node)) return true;
  if (tree.IsSequence()) return std::ranges::any_of(tree, [&](const auto& item) { return holds(item, node); });
  if (tree.IsMap()) {
    return std::ranges::any_of(tree, [&](const auto& entry) { return holds(entry.first, node) || holds(entry.second, node); });
  }
  return false;
}

YAML::Node parse(const std::string& text, const std::string& name) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() != 1) throw UsageError("{} holds {} YAML documents, not one", name, documents.size());
    return documents[0];
  } catch (const YAML::Exception& error) {
    throw UsageError("{}:{}:{}: {}", name, error.mark.line + 1, error.mark.column + 1, printable(error.msg));
  }
}

std::string describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Scalar: return fmt::format("'{}'", printable(node.Scalar()));
    default: return "nothing";
  }
}

// A copy of a setting's value: its lines and columns are not to be taken for some of the file.
YAML::Node without_places(const YAML::Node& node) {
  YAML::Node copy(node.Type());
  if (node.IsScalar()) copy = YAML::Node(node.Scalar());
  copy.SetTag(node.Tag());
  for (const auto& entry : node) {
    if (node.IsMap()) {
      copy.force_insert(without_places(entry.first), without_places(entry.second));
    } else {
      copy.push_back(without_places(entry));
    }
  }
  return copy;
}

}  // namespace

JobYaml::JobYaml(std::string file, const std::string& text, const std::vector<std::string>& settings)
    : file_(std::move(file)), root_(parse(text, printable(file_))) {
  std::size_t nodes = 0;
  expect_sound(root_, 0, nodes);
  merge_keys(root_);
  for (const std::string& setting : settings) set(setting);
}

// YAML's merge keys: `<<: *base` stands for the entries of another mapping, or of a list of them, that this one has not itself.
void JobYaml::merge_keys(YAML::Node node) const {
  std::vector<YAML::Node> merged;
  for (const auto& entry : node) {
    merge_keys(node.IsMap() ? entry.second : entry);
    if (!node.IsMap() || entry.first.Scalar() != "<<") continue;
    if (entry.second.IsSequence()) {
      for (const auto& one : entry.second) merged.push_back(one);
    } else {
      merged.push_back(entry.second);
    }
    for (const YAML::Node& one : merged) {
      if (!one.IsMap()) fail(entry.first, fmt::format("'<<' merges a mapping or a list of them, not {}", describe(one)));
    }
  }
  if (merged.empty()) return;
  node.remove("<<");
  std::set<std::string> known;
  for (const auto& entry : node) known.insert(entry.first.Scalar());
  for (const YAML::Node& one : merged) {
    for (const auto& entry : one) {
      if (known.insert(entry.first.Scalar()).second) node.force_insert(entry.first, entry.second);
    }
  }
}

void JobYaml::set(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError("--set '{}' sets nothing: write --set KEY.KEY=VALUE", printable(setting));
  }
  const std::string name = fmt::format("--set '{}'", printable(setting));
  if (equals + 1 == setting.size()) throw UsageError("{} sets nothing: write null, or '' for an empty text", name);
  YAML::Node value = parse(setting.substr(equals + 1), name);
  settings_.emplace_back(name, YAML::Node());  // until it is known to end: place() walks through it
  std::size_t nodes = 0;
  expect_sound(value, 0, nodes);
  merge_keys(value);
  value.reset(without_places(value));
  settings_.back().second.reset(value);
  YAML::Node at = root_;
  std::string path = setting.substr(0, equals);
  while (true) {
    const std::size_t dot = path.find('.', 1);  // keys such as ".mean" begin with one
    const std::string key = path.substr(0, dot);
    const bool last = dot == std::string::npos;
    if (!last && path.size() == dot + 1) throw UsageError("{}: a key is empty", name);
    YAML::Node next;
    if (at.IsSequence()) {
      const bool number = !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos;
      if (!number || std::stoul(key) >= at.size()) {
        throw UsageError("{}: '{}' is no entry of a list of {}", name, printable(key), at.size());
      }
      if (last) {
        at[std::stoul(key)] = value;
        return;
      }
      next.reset(at[std::stoul(key)]);
    } else {
      if (!at.IsMap() && !at.IsNull())
        throw UsageError("{}: '{}' is under {}, which has no keys", name, printable(key), describe(at));
      if (last) {
        at[key] = value;
        return;
      }
      if (!at[key]) at[key] = YAML::Node(YAML::NodeType::Map);
      next.reset(at[key]);
    }
    at.reset(next);
    path.erase(0, dot + 1);
  }
}

std::string JobYaml::origin() const { return settings_.empty() ? printable(file_) : settings_.back().first; }

// YAML forbids keys that stand twice, its parser does not. Anchors can make a node hold itself, or a short text very large.
void JobYaml::expect_sound(const YAML::Node& node, int depth, std::size_t& nodes) const {
  constexpr int deepest = 200;
  constexpr std::size_t most = 1'000'000;
  if (depth > deepest) throw UsageError("{}: nested more than {} deep, or an anchor that holds itself", origin(), deepest);
  if (++nodes > most) throw UsageError("{}: more than {} values, with those that anchors repeat", origin(), most);
  if (node.IsSequence()) {
    for (const auto& item : node) expect_sound(item, depth + 1, nodes);
  }
  if (!node.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) fail(entry.first, fmt::format("a key is a word, not {}", describe(entry.first)));
    if (!seen.insert(entry.first.Scalar()).second) {
      fail(entry.first, fmt::format("the key '{}' stands twice: keep one", printable(entry.first.Scalar())));
    }
    expect_sound(entry.second, depth + 1, nodes);
  }
}

std::string JobYaml::place(const YAML::Node& node) const {
  for (const auto& [name, value] : settings_) {
    if (holds(value, node)) return name;
  }
  if (node.Mark().is_null()) return fmt::format("{} with --set", printable(file_));  // a key that a setting made
  return fmt::format("{}:{}:{}", printable(file_), node.Mark().line + 1, node.Mark().column + 1);
}

void JobYaml::fail(const YAML::Node& node, const std::string& problem) const { throw UsageError("{}: {}", place(node), problem); }

void JobYaml::expect_keys(const YAML::Node& node, const JobSection& section) const {
  for (const auto& [key, value] : entries(node, section.name)) {
    if (std::ranges::any_of(section.keys, [&name = key.Scalar()](const JobKey& known) { return name == known.name; })) continue;
    std::vector<std::string> names;
    for (const JobKey& known : section.keys) names.emplace_back(known.name);
    const std::string near = did_you_mean(key.Scalar(), names);
    fail(key, fmt::format("'{}' has no key '{}'{}", section.name, printable(key.Scalar()),
                          near.empty() ? fmt::format(": its keys are {}", fmt::join(names, ", ")) : near));
  }
}

std::string JobYaml::text(const YAML::Node& node, const std::string& what) const {
  if (!node.IsScalar() || node.Scalar().empty()) fail(node, fmt::format("{} is a text, not {}", what, describe(node)));
  return node.Scalar();
}

bool JobYaml::boolean(const YAML::Node& node, const std::string& what) const {
  bool value = false;
  if (!node.IsScalar() || node.Tag() == "!" || !YAML::convert<bool>::decode(node, value)) {
    fail(node, fmt::format("{} is true or false, not {}", what, describe(node)));
  }
  return value;
}

std::int64_t JobYaml::integer(const YAML::Node& node, const std::string& what) const {
  std::int64_t value = 0;
  if (!node.IsScalar() || node.Tag() == "!" || !YAML::convert<std::int64_t>::decode(node, value)) {
    fail(node, fmt::format("{} is an integer, not {}", what, describe(node)));
  }
  return value;
}

std::size_t JobYaml::choice(const YAML::Node& node, const std::string& what, std::span<const char* const> words) const {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (node.IsScalar() && node.Scalar() == words[i]) return i;
  }
  fail(node, fmt::format("{} is {}, not {}", what, fmt::join(words, " or "), describe(node)));
}

std::vector<std::pair<YAML::Node, YAML::Node>> JobYaml::entries(const YAML::Node& node, const std::string& what) const {
  if (!node.IsMap()) fail(node, fmt::format("{} is a mapping, not {}", what, describe(node)));
  std::vector<std::pair<YAML::Node, YAML::Node>> all;
  for (const auto& entry : node) all.emplace_back(entry.first, entry.second);
  return all;
}

std::vector<YAML::Node> JobYaml::items(const YAML::Node& node, const std::string& what) const {
  if (!node.IsSequence()) fail(node, fmt::format("{} is a list, not {}", what, describe(node)));
  return {node.begin(), node.end()};
}

}  // namespace xylem::detail
