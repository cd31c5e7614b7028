#include "detail/job_operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "xylem/array/expression.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/job_expression.hpp"

namespace xylem::detail {
namespace {

class Reader {
 public:
  Reader(const JobYaml& yaml, const std::vector<std::string>& combined, std::vector<JobOperation>& operations)
      : yaml_(yaml), operations_(operations) {
    tags_.known = combined;
  }

  std::size_t run() {
    const YAML::Node& root = yaml_.root();
    if (const YAML::Node node = root["define"]) {
      for (const auto& [tag, value] : yaml_.entries(node, "define")) define(tag, value);
    }
    if (const YAML::Node node = root["select"]) {
      // Not sorted as they are: assigning to a YAML node changes the tree that it is in.
      const auto entries = yaml_.entries(node, "select");
      std::map<std::string, std::size_t> by_tag;
      for (std::size_t i = 0; i < entries.size(); ++i) by_tag[entries[i].first.Scalar()] = i;
      for (const auto& [tag, i] : by_tag) select(entries[i].first, entries[i].second);
    }
    const std::size_t first = operations_.size();
    tags_.previous.reset();
    if (const YAML::Node node = root["transform"]) {
      for (const YAML::Node& item : yaml_.items(node, "transform")) operation(item, false, {});
    }
    return first;
  }

 private:
  void define(const YAML::Node& tag, const YAML::Node& value) {
    tags_.previous.reset();
    if (value.IsSequence()) {
      const std::vector<YAML::Node> items = yaml_.items(value, "define");
      if (items.empty()) yaml_.fail(value, "there is nothing to define here");
      for (std::size_t i = 0; i < items.size(); ++i) operation(items[i], false, i + 1 == items.size() ? tag : YAML::Node());
      return;
    }
    add(tag, value, fallback_text(value));
  }

  void select(const YAML::Node& tag, const YAML::Node& value) {
    tags_.previous.reset();
    if (value.IsScalar()) return add(tag, value, path_text(value));
    yaml_.expect_keys(value, job_section("select.TAG"));
    if (!value["path"]) yaml_.fail(value, "an entry of 'select' needs a 'path'");
    std::string text = path_text(value["path"]);
    if (value["sel"]) text = selection_expression(yaml_, text, value["sel"], true);
    if (value["isel"]) text = selection_expression(yaml_, text, value["isel"], false);
    std::vector<YAML::Node> items;
    if (value["transform"]) items = yaml_.items(value["transform"], "transform");
    add(items.empty() ? tag : YAML::Node(), value, std::move(text));
    for (std::size_t i = 0; i < items.size(); ++i) operation(items[i], true, i + 1 == items.size() ? tag : YAML::Node());
  }

  std::string path_text(const YAML::Node& node) const {
    if (const auto tag = tag_expression(yaml_, node, tags_)) return *tag;
    return quoted_name(yaml_, node, yaml_.text(node, "a path"));
  }

  // A number or a tag.
  std::string fallback_text(const YAML::Node& node) const {
    if (node.IsSequence() && node.size() == 1) return fallback_text(node[0]);
    if (const auto tag = tag_expression(yaml_, node, tags_)) return *tag;
    double number = 0;
    if (!node.IsScalar() || node.Tag() == "!" || !YAML::convert<double>::decode(node, number)) {
      yaml_.fail(node, "expected a number, or !dag_tag TAG");
    }
    return call_expression(yaml_, node, "pass", {node}, YAML::Node(), tags_);
  }

  // Adds an operation under a tag, a hidden one where `tag` is null.
  void add(const YAML::Node& tag, const YAML::Node& node, std::string expression, FailureRule failure = FailureRule::stop,
           std::string fallback = {}) {
    std::string name;
    if (tag.IsNull()) {
      name = fmt::format(".{}", operations_.size());
    } else {
      name = yaml_.text(tag, "a tag");
      (void)quoted_name(yaml_, tag, name);
      if (std::ranges::find(tags_.known, name) != tags_.known.end()) {
        yaml_.fail(tag, fmt::format("the tag '{}' stands for something else already: choose another", printable(name)));
      }
    }
    try {
      check_expression(expression);
    } catch (const UsageError& error) {
      yaml_.fail(node, error.what());
    }
    tags_.known.push_back(name);
    tags_.previous = name;
    operations_.push_back({std::move(name), std::move(expression), yaml_.place(node), failure, std::move(fallback)});
  }

  void operation(const YAML::Node& node, bool chained, YAML::Node tag) {
    if (node.IsScalar()) {  // a name alone works on what was before
      add(tag, node, call(node, node.Scalar(), {}, YAML::Node(), true));
      return;
    }
    const auto entries = yaml_.entries(node, "an operation");
    const JobSection& section = job_section("transform[]");
    std::vector<std::string> key_names;
    for (const JobKey& known : section.keys) key_names.emplace_back(known.name);
    const YAML::Node* named = nullptr;
    const YAML::Node* given = nullptr;
    for (const auto& [key, value] : entries) {
      if (std::ranges::any_of(section.keys, [&name = key.Scalar()](const JobKey& known) { return name == known.name; })) continue;
      if (named != nullptr) {
        for (const YAML::Node& one : {*named, key}) {
          const std::string near = did_you_mean(one.Scalar(), key_names);
          if (!near.empty()) yaml_.fail(one, fmt::format("an operation has no key '{}'{}", printable(one.Scalar()), near));
        }
        yaml_.fail(key, fmt::format("an operation is one thing: this is '{}' and '{}'; each begins with a '-'",
                                    printable(named->Scalar()), printable(key.Scalar())));
      }
      named = &key;
      given = &value;
    }
    const YAML::Node expression = node["expression"], operation = node["operation"];
    if ((named != nullptr) + expression.IsDefined() + operation.IsDefined() != 1) {
      yaml_.fail(node, "an operation has a name with its arguments, or 'operation' and 'args', or an 'expression'");
    }
    if (node["tag"]) {
      if (!tag.IsNull()) yaml_.fail(node["tag"], "the last operation of a list has the list's tag");
      tag.reset(node["tag"]);
    }
    const bool previous =
        chained || (node["with_previous_result"] && yaml_.boolean(node["with_previous_result"], "with_previous_result"));
    std::string text;
    if (expression) {
      if (node["args"] || node["kwargs"]) yaml_.fail(node, "an expression takes no 'args' or 'kwargs': write them into it");
      text = yaml_.text(expression, "an expression");
    } else if (operation) {
      text = call(node, yaml_.text(operation, "an operation"), {}, YAML::Node(), previous);
    } else {
      text = call(node, named->Scalar(), arguments_of(*given), given->IsMap() ? *given : YAML::Node(), previous);
    }
    add(tag, expression ? expression : node, std::move(text), failure_rule(node),
        node["fallback"] ? fallback_text(node["fallback"]) : "");
  }

  // What stands behind `name:`: a list of arguments, one argument, or named ones (none here).
  std::vector<YAML::Node> arguments_of(const YAML::Node& given) const {
    if (given.IsSequence()) return yaml_.items(given, "arguments");
    if (given.IsMap() || given.IsNull()) return {};
    return {given};
  }

  std::string call(const YAML::Node& node, const std::string& name, std::vector<YAML::Node> arguments, YAML::Node keywords,
                   bool previous) const {
    if (node.IsMap() && node["args"]) {
      if (!arguments.empty()) {
        // `.method: arguments` with `args: [array]`: the array comes first.
        std::vector<YAML::Node> all = yaml_.items(node["args"], "args");
        all.insert(all.end(), arguments.begin(), arguments.end());
        arguments = std::move(all);
      } else {
        arguments = yaml_.items(node["args"], "args");
      }
    }
    if (node.IsMap() && node["kwargs"]) {
      if (!keywords.IsNull()) yaml_.fail(node["kwargs"], fmt::format("'{}' has its named arguments already", printable(name)));
      keywords.reset(node["kwargs"]);
    }
    if (previous) {
      if (!tags_.previous) yaml_.fail(node, "there is no operation before this one to take the result of");
      YAML::Node before(*tags_.previous);
      before.SetTag("!dag_tag");
      arguments.insert(arguments.begin(), before);
    }
    return call_expression(yaml_, node, name, arguments, keywords, tags_);
  }

  FailureRule failure_rule(const YAML::Node& node) const {
    const YAML::Node rule = node["allow_failure"];
    if (!rule) {
      if (node["fallback"]) yaml_.fail(node["fallback"], "a fallback needs 'allow_failure: true' (or log, warn, silent)");
      return FailureRule::stop;
    }
    constexpr std::array words{"false", "silent", "log", "warn", "true"};
    const std::size_t word = yaml_.choice(rule, "allow_failure", words);
    return word == 4 ? FailureRule::log : static_cast<FailureRule>(word);
  }

  const JobYaml& yaml_;
  std::vector<JobOperation>& operations_;
  JobTags tags_;
};

}  // namespace

std::size_t read_operations(const JobYaml& yaml, const std::vector<std::string>& combined,
                            std::vector<JobOperation>& operations) {
  return Reader(yaml, combined, operations).run();
}

}  // namespace xylem::detail
