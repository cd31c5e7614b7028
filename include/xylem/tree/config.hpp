#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xylem/support/error.hpp"

namespace xylem {

/// The first YAML document of a text. `source` names it in messages (a file, say). Throws UsageError with line and column.
[[nodiscard]] YAML::Node parse_yaml(const std::string& text, const std::string& source);

/// "source:line:column", counted from 1; "source" alone where the node has no place.
[[nodiscard]] std::string place_of(const YAML::Node& node, const std::string& source);

/// A mapping of a configuration, whose values are asked for by key and type. A key without a value counts as absent, and merge
/// keys (`<<: *base`) are resolved: keys of the mapping itself come before those that it merges in. Every error is a UsageError
/// of one line that begins with source, line and column.
class ConfigMap {
 public:
  /// `what` is what the mapping describes ("load entry 'sim'"). Throws unless `node` is a mapping with each key once.
  ConfigMap(const YAML::Node& node, std::string source, std::string what);

  /// A key as it is written, and where.
  struct Item {
    std::string key;
    YAML::Node key_node;
    YAML::Node value;  ///< null where the key has none
  };

  /// All keys, those without a value too: the mapping's own in their order, then those merged in.
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
  /// As the constructor was given it.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  /// The value of a key, or null where it is absent.
  [[nodiscard]] const YAML::Node* find(const std::string& key) const;
  /// Throws, with the nearest of them, for a key that is not one of `known`.
  void check_keys(const std::vector<std::string>& known) const;

  /// The single value of a key, as it is written. Throws for a list or a mapping.
  [[nodiscard]] std::optional<std::string> text(const std::string& key) const;
  [[nodiscard]] std::optional<bool> boolean(const std::string& key) const;          ///< YAML 1.2's: true or false
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& key) const;  ///< in decimal digits
  /// A string, or a list of them.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& key) const;
  /// The mapping at a key.
  [[nodiscard]] std::optional<ConfigMap> map(const std::string& key) const;
  /// One of these words. Throws, with the nearest, for another.
  [[nodiscard]] std::optional<std::string> choice(const std::string& key, const std::vector<std::string>& words) const;

  /// Throws at the place of a key's value; at the place of the mapping where the key is absent.
  template <class... Args>
  [[noreturn]] void fail(const std::string& key, fmt::format_string<Args...> format, Args&&... args) const {
    throw UsageError("{}: {}: {}", place(key), what_, fmt::format(format, std::forward<Args>(args)...));
  }
  /// "source:line:column" of a key's value.
  [[nodiscard]] std::string place(const std::string& key) const;

 private:
  void add(const YAML::Node& node, int depth);
  [[nodiscard]] std::optional<std::string> scalar(const std::string& key, const char* wanted) const;

  YAML::Node node_;
  std::string source_;
  std::string what_;
  std::vector<Item> items_;
};

}  // namespace xylem
