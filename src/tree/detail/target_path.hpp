#pragma once

#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace xylem {

/// Where in the tree a file's content goes: dantro's `target_path`, a Python format string over parts of the file's path and of
/// what `path_regex` matches in it (dantro.data_mngr.DataManager._prepare_target_path).
class TargetPath {
 public:
  /// Throws std::invalid_argument, saying what is wrong, for a format string or regular expression that is none.
  TargetPath(std::string format, const std::optional<std::string>& path_regex, std::map<std::string, std::string> more = {});

  struct Result {
    std::vector<std::string> path;  ///< at least one component, none empty
    bool matched = true;            ///< false: the regular expression matched nothing, and the base name stands for it
  };
  /// The path for a file below `base`, both absolute. Throws std::invalid_argument where it has no name for a component.
  [[nodiscard]] Result of(const std::string& file, const std::string& base) const;

 private:
  struct Piece {
    std::string text;  // literal text, or the field
    std::string spec;  // Python's format specification
    bool field = false;
  };
  void parse(const std::string& format);
  [[nodiscard]] std::vector<std::string> field_names() const;

  std::vector<Piece> pieces_;
  std::optional<std::regex> regex_;
  std::vector<std::string> group_names_;  // of the regular expression's groups; empty where unnamed
  std::map<std::string, std::string> more_;
};

}  // namespace xylem
