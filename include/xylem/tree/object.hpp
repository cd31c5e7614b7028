#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <utility>

#include "xylem/tree/node.hpp"

namespace xylem {

/// A leaf that holds the content of a YAML file. Its attribute `filepath` names the file.
class YamlContainer : public Node {
 public:
  /// `as_object` tells dantro's yaml_to_object from yaml.
  YamlContainer(std::string name, Attributes attributes, YAML::Node content, bool as_object)
      : Node(std::move(name), std::move(attributes)), content_(std::move(content)), as_object_(as_object) {}

  /// The file's first document.
  [[nodiscard]] const YAML::Node& content() const noexcept { return content_; }
  /// True where the loader was yaml_to_object.
  [[nodiscard]] bool is_object() const noexcept { return as_object_; }

 private:
  const YAML::Node content_;
  bool as_object_;
};

/// A leaf that holds the text of a file. Its attribute `filepath` names the file.
class TextContainer : public Node {
 public:
  /// `text`: the file's, in whole.
  TextContainer(std::string name, Attributes attributes, std::string text)
      : Node(std::move(name), std::move(attributes)), text_(std::move(text)) {}

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace xylem
