#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xylem/job/keys.hpp"

namespace xylem::detail {

/// A YAML text, the settings that override parts of it, and errors that point at places in either.
class JobYaml {
 public:
  /// `file` is what errors call the text. Each setting is "key.key=VALUE", VALUE being YAML; an entry of a list is named by its
  /// number. Merge keys (`<<: *base`) are resolved. Throws UsageError for text that is no YAML, keys that stand twice, too much
  /// or too deep, and settings that lead nowhere.
  JobYaml(std::string file, const std::string& text, const std::vector<std::string>& settings);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] const YAML::Node& root() const noexcept { return root_; }

  /// "job.yml:12:5", or "--set a.b=c".
  [[nodiscard]] std::string place(const YAML::Node& node) const;
  /// Throws UsageError "PLACE: PROBLEM".
  [[noreturn]] void fail(const YAML::Node& node, const std::string& problem) const;

  /// Throws unless the node is a mapping whose keys are all of the section.
  void expect_keys(const YAML::Node& node, const JobSection& section) const;
  /// What a node holds; `what` names it in errors.
  [[nodiscard]] std::string text(const YAML::Node& node, const std::string& what) const;
  [[nodiscard]] bool boolean(const YAML::Node& node, const std::string& what) const;
  [[nodiscard]] std::int64_t integer(const YAML::Node& node, const std::string& what) const;
  /// One of a few words, by its number.
  [[nodiscard]] std::size_t choice(const YAML::Node& node, const std::string& what, std::span<const char* const> words) const;
  /// The entries of a mapping: key and value.
  [[nodiscard]] std::vector<std::pair<YAML::Node, YAML::Node>> entries(const YAML::Node& node, const std::string& what) const;
  [[nodiscard]] std::vector<YAML::Node> items(const YAML::Node& node, const std::string& what) const;

 private:
  void set(const std::string& setting);
  void expect_sound(const YAML::Node& node, int depth, std::size_t& nodes) const;
  void merge_keys(YAML::Node node) const;
  /// What is read just now: the file, or a setting.
  [[nodiscard]] std::string origin() const;

  std::string file_;
  YAML::Node root_;
  std::vector<std::pair<std::string, YAML::Node>> settings_;
};

}  // namespace xylem::detail
