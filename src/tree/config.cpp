#include "xylem/tree/config.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr int max_merges = 16;  // a mapping may be merged into itself

std::string place_at(const YAML::Mark& mark, const std::string& source) {
  return mark.is_null() ? printable(source) : fmt::format("{}:{}:{}", printable(source), mark.line + 1, mark.column + 1);
}

const char* kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar: return "a single value";
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined: break;
  }
  return "nothing";
}

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& source) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw UsageError("{}: this is no YAML ({})", place_at(error.mark, source), printable(error.msg));
  }
}

std::string place_of(const YAML::Node& node, const std::string& source) { return place_at(node.Mark(), source); }

ConfigMap::ConfigMap(const YAML::Node& node, std::string source, std::string what)
    : node_(node), source_(std::move(source)), what_(std::move(what)) {
  add(node, 0);
}

void ConfigMap::add(const YAML::Node& node, int depth) {
  if (!node.IsMap()) {
    throw UsageError("{}: {}: needs to be a mapping (key: value), and is {}", place_of(node, source_), what_, kind_of(node));
  }
  std::vector<YAML::Node> merges;
  const std::size_t own = items_.size();
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      throw UsageError("{}: {}: a key needs to be a word, and this one is {}", place_of(entry.first, source_), what_,
                       kind_of(entry.first));
    }
    const std::string key = entry.first.Scalar();
    if (key == "<<") {
      if (entry.second.IsSequence()) {
        for (const auto& one : entry.second) merges.push_back(one);
      } else {
        merges.push_back(entry.second);
      }
      continue;
    }
    const auto known = std::ranges::find(items_, key, &Item::key);
    if (known == items_.end()) {
      items_.push_back({key, entry.first, entry.second});
    } else if (known - items_.begin() >= static_cast<std::ptrdiff_t>(own)) {
      throw UsageError("{}: {}: the key '{}' stands here twice (first at {})", place_of(entry.first, source_), what_,
                       printable(key), place_of(known->key_node, source_));
    }
  }
  if (!merges.empty() && depth == max_merges) {
    throw UsageError("{}: {}: mappings are merged ('<<') more than {} deep", place_of(node, source_), what_, max_merges);
  }
  for (const YAML::Node& merge : merges) add(merge, depth + 1);
}

const YAML::Node* ConfigMap::find(const std::string& key) const {
  const auto found = std::ranges::find(items_, key, &Item::key);
  return found == items_.end() || found->value.IsNull() ? nullptr : &found->value;
}

void ConfigMap::check_keys(const std::vector<std::string>& known) const {
  for (const Item& item : items_) {
    if (std::ranges::find(known, item.key) != known.end()) continue;
    const std::string near = did_you_mean(item.key, known);
    throw UsageError("{}: {}: there is no key '{}'{}", place_of(item.key_node, source_), what_, printable(item.key),
                     near.empty() ? fmt::format(": the keys are {}", fmt::join(known, ", ")) : near);
  }
}

std::string ConfigMap::place(const std::string& key) const {
  const auto found = std::ranges::find(items_, key, &Item::key);
  if (found == items_.end()) return place_of(node_, source_);
  return place_of(found->value.Mark().is_null() || found->value.IsNull() ? found->key_node : found->value, source_);
}

std::optional<std::string> ConfigMap::scalar(const std::string& key, const char* wanted) const {
  const YAML::Node* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->IsScalar()) fail(key, "'{}' needs to be {}, and is {}", key, wanted, kind_of(*value));
  return value->Scalar();
}

std::optional<std::string> ConfigMap::text(const std::string& key) const { return scalar(key, "a string"); }

std::optional<bool> ConfigMap::boolean(const std::string& key) const {
  const auto word = scalar(key, "true or false");
  if (!word) return std::nullopt;
  if (*word == "true" || *word == "True" || *word == "TRUE") return true;
  if (*word == "false" || *word == "False" || *word == "FALSE") return false;
  fail(key, "'{}' needs to be true or false, and is '{}'", key, printable(*word));
}

std::optional<std::int64_t> ConfigMap::integer(const std::string& key) const {
  const auto word = scalar(key, "an integer");
  if (!word) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), number);
  if (error != std::errc() || end != word->data() + word->size()) {
    fail(key, "'{}' needs to be an integer, and is '{}'", key, printable(*word));
  }
  return number;
}

std::optional<std::vector<std::string>> ConfigMap::texts(const std::string& key) const {
  const YAML::Node* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->IsScalar()) return std::vector{value->Scalar()};
  if (!value->IsSequence()) fail(key, "'{}' needs to be a string or a list of strings, and is {}", key, kind_of(*value));
  std::vector<std::string> result;
  for (const auto& one : *value) {
    if (!one.IsScalar()) {
      throw UsageError("{}: {}: '{}' needs to be a list of strings, and this member is {}", place_of(one, source_), what_, key,
                       kind_of(one));
    }
    result.push_back(one.Scalar());
  }
  return result;
}

std::optional<ConfigMap> ConfigMap::map(const std::string& key) const {
  const YAML::Node* value = find(key);
  if (value == nullptr) return std::nullopt;
  return ConfigMap(*value, source_, fmt::format("{}: '{}'", what_, key));
}

std::optional<std::string> ConfigMap::choice(const std::string& key, const std::vector<std::string>& words) const {
  const auto word = text(key);
  if (!word || std::ranges::find(words, *word) != words.end()) return word;
  fail(key, "'{}' cannot be '{}'{}; it can be {}", key, printable(*word), did_you_mean(*word, words), fmt::join(words, ", "));
}

}  // namespace xylem
