#include "detail/job_expression.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "xylem/array/expression.hpp"
#include "xylem/support/text.hpp"

namespace xylem::detail {
namespace {

// Other names for functions of the expression language: dantro's, Python's operator module's.
struct Alias {
  std::string_view name;
  std::string_view function;
};
constexpr std::array kAliases{
    Alias{"sub", "subtract"},          Alias{"mul", "multiply"},    Alias{"div", "divide"},    Alias{"truediv", "divide"},
    Alias{"floordiv", "floor_divide"}, Alias{"mod", "remainder"},   Alias{"pow", "power"},     Alias{"neg", "negative"},
    Alias{"pos", "positive"},          Alias{"lt", "less"},         Alias{"le", "less_equal"}, Alias{"gt", "greater"},
    Alias{"ge", "greater_equal"},      Alias{"eq", "equal"},        Alias{"ne", "not_equal"},  Alias{"and_", "bitwise_and"},
    Alias{"or_", "bitwise_or"},        Alias{"xor", "bitwise_xor"}, Alias{"fabs", "abs"},      Alias{"absolute", "abs"},
};

constexpr std::array<std::string_view, 8> kComparisons{"<", "<=", ">", ">=", "==", "!=", "in interval", "not in interval"};

// "np.sqrt", "xr.where", ".mean": the name itself.
std::string plain_name(std::string name) {
  for (const std::string_view prefix : {".", "np.", "numpy.", "xr.", "xarray."}) {
    if (name.starts_with(prefix)) {
      name.erase(0, prefix.size());
      break;
    }
  }
  const auto alias = std::ranges::find(kAliases, std::string_view(name), &Alias::name);
  return alias == kAliases.end() ? name : std::string(alias->function);
}

bool is_number(const YAML::Node& node) {
  double value = 0;
  return node.IsScalar() && node.Tag() != "!" && YAML::convert<double>::decode(node, value);
}

bool is_null(const YAML::Node& node) { return node.IsNull() || (node.IsScalar() && node.Tag() != "!" && node.Scalar() == "~"); }

// YAML's .nan and .inf are nan and inf in expressions; whole numbers stay whole.
std::string number_text(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+'; })) return text;
  std::string written = fmt::format("{}", node.as<double>());
  if (written.find_first_of(".en") == std::string::npos) written += ".0";
  return written;
}

std::string quoted_text(const JobYaml& yaml, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const char quote = text.find('"') == std::string::npos ? '"' : '\'';
  if (text.find(quote) != std::string::npos) yaml.fail(node, "a label cannot have both kinds of quotes in it");
  return quote + text + quote;
}

std::string label_text(const JobYaml& yaml, const YAML::Node& node) {
  if (is_number(node)) return number_text(node);
  if (node.IsScalar()) return quoted_text(yaml, node);
  yaml.fail(node, "a label is a number or a text");
}

std::string position_text(const JobYaml& yaml, const YAML::Node& node) {
  return fmt::format("{}", yaml.integer(node, "a position"));
}

// The parts of !slice [..], at most `most`, empty where null; !slice 5 is !slice [null, 5] as in Python.
std::vector<std::string> slice_parts(const JobYaml& yaml, const YAML::Node& node, std::size_t most, bool by_label) {
  std::vector<YAML::Node> given;
  if (node.IsSequence()) {
    given = yaml.items(node, "!slice");
  } else {
    given = {YAML::Node(), node};
  }
  if (given.empty() || given.size() > most) {
    yaml.fail(node, by_label ? "!slice of labels is [first, last], either of them null"
                             : "!slice is [start, stop, step], any of them null");
  }
  std::vector<std::string> parts;
  if (given.size() == 1) given.insert(given.begin(), YAML::Node());
  for (const YAML::Node& part : given) {
    parts.push_back(is_null(part) ? "" : by_label ? label_text(yaml, part) : position_text(yaml, part));
  }
  return parts;
}

std::string chosen_text(const JobYaml& yaml, const YAML::Node& node, bool by_label) {
  if (node.Tag() == "!slice") {
    const auto parts = slice_parts(yaml, node, by_label ? 2 : 3, by_label);
    return fmt::format("{}", fmt::join(parts, by_label ? ".." : ":"));
  }
  const auto one = [&](const YAML::Node& item) { return by_label ? label_text(yaml, item) : position_text(yaml, item); };
  const char* at = by_label ? "@" : "";
  if (!node.IsSequence()) return at + one(node);
  std::vector<std::string> all;
  for (const YAML::Node& item : node) all.push_back(one(item));
  return fmt::format("{}[{}]", at, fmt::join(all, ", "));
}

class Call {
 public:
  Call(const JobYaml& yaml, const YAML::Node& place, std::string name, const JobTags& tags)
      : yaml_(yaml), place_(place), name_(std::move(name)), tags_(tags) {}

  std::string text(const std::vector<YAML::Node>& arguments, const YAML::Node& keywords) {
    const std::string function = plain_name(name_);
    if (function == "sel" || function == "isel") return selection(arguments, keywords, function == "sel");
    if (function == "squared" || function == "cubed") {
      if (arguments.size() != 1 || keywords.size() != 0) fail("takes one argument");
      return fmt::format("({}) ** {}", argument(arguments[0]), function == "squared" ? 2 : 3);
    }
    if (function == "pass") {
      if (arguments.size() != 1 || keywords.size() != 0) fail("takes one argument");
      return argument(arguments[0]);
    }
    std::vector<std::string> functions = expression_functions();
    if (std::ranges::find(functions, function) == functions.end()) {
      functions.insert(functions.end(), {"expression", "operation"});  // keys that stand where a name would
      yaml_.fail(place_, fmt::format("no operation '{}'{}", printable(name_), did_you_mean(function, functions)));
    }
    std::vector<std::string> given;
    if (function == "where") {
      if (const auto masked = where(arguments)) return *masked;
    }
    if (function == "isin" && arguments.size() == 2 && arguments[1].IsSequence()) {
      return fmt::format("isin({}, [{}])", argument(arguments[0]), fmt::join(several(arguments[1]), ", "));
    }
    for (const YAML::Node& node : arguments) add(node, given);
    for (const auto& [key, value] : keyword_entries(keywords)) {
      // xarray's names of what expressions take by place.
      if (key == "dim" && function != "concat") {
        add(value, given);
      } else if (key == "dtype" || key == "other" || key == "value") {
        given.push_back(argument(value));
      } else if (key == "axis") {
        yaml_.fail(value, "reductions take dims by name: write 'dim', not 'axis'");
      }
    }
    for (const auto& [key, value] : keyword_entries(keywords)) {
      if ((key == "dim" && function != "concat") || key == "dtype" || key == "other" || key == "value") continue;
      given.push_back(fmt::format("{}={}", quoted_name(yaml_, value, key), argument(value)));
    }
    return fmt::format("{}({})", function, fmt::join(given, ", "));
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    yaml_.fail(place_, fmt::format("the operation '{}' {}", printable(name_), problem));
  }

  [[nodiscard]] std::vector<std::pair<std::string, YAML::Node>> keyword_entries(const YAML::Node& keywords) const {
    std::vector<std::pair<std::string, YAML::Node>> all;
    if (!keywords.IsDefined() || keywords.IsNull()) return all;
    for (const auto& [key, value] : yaml_.entries(keywords, "kwargs")) all.emplace_back(key.Scalar(), value);
    return all;
  }

  [[nodiscard]] std::string argument(const YAML::Node& node) const {
    if (const auto tag = tag_expression(yaml_, node, tags_)) return *tag;
    if (!node.IsScalar()) yaml_.fail(node, fmt::format("an argument of '{}' is a number, a text or a tag", printable(name_)));
    bool flag = false;
    if (is_number(node)) return number_text(node);
    if (node.Tag() != "!" && YAML::convert<bool>::decode(node, flag)) return flag ? "true" : "false";
    return quoted_name(yaml_, node, node.Scalar());
  }

  [[nodiscard]] std::vector<std::string> several(const YAML::Node& node) const {
    std::vector<std::string> all;
    for (const YAML::Node& item : yaml_.items(node, "a list of arguments")) all.push_back(argument(item));
    return all;
  }

  // Lists are dims, or arrays, one after the other.
  void add(const YAML::Node& node, std::vector<std::string>& given) const {
    if (!node.IsSequence()) {
      given.push_back(argument(node));
    } else {
      for (std::string& text : several(node)) given.push_back(std::move(text));
    }
  }

  // dantro's where(array, "<", 5), and the methods array.where(condition) and array.where(condition, other).
  [[nodiscard]] std::optional<std::string> where(const std::vector<YAML::Node>& arguments) const {
    if (arguments.size() == 3 && arguments[1].IsScalar() &&
        std::ranges::find(kComparisons, arguments[1].Scalar()) != kComparisons.end()) {
      const std::string array = argument(arguments[0]);
      const std::string& comparison = arguments[1].Scalar();
      if (!comparison.ends_with("interval")) {
        return fmt::format("where({0} {1} ({2}), {0})", array, comparison, argument(arguments[2]));
      }
      const std::vector<std::string> bounds = several(arguments[2]);
      if (bounds.size() != 2) yaml_.fail(arguments[2], fmt::format("'{}' takes two bounds: [low, high]", comparison));
      const std::string inside = fmt::format("({0} >= {1}) and ({0} <= {2})", array, bounds[0], bounds[1]);
      return fmt::format("where({}({}), {})", comparison == "in interval" ? "" : "not ", inside, array);
    }
    if (name_ != ".where" || arguments.size() < 2) return std::nullopt;
    const std::string other = arguments.size() > 2 ? ", " + argument(arguments[2]) : "";
    return fmt::format("where({}, {}{})", argument(arguments[1]), argument(arguments[0]), other);
  }

  [[nodiscard]] std::string selection(const std::vector<YAML::Node>& arguments, const YAML::Node& keywords, bool by_label) const {
    if (arguments.empty() || arguments.size() > 2) fail("takes an array, and labels or positions by dim");
    const std::string array = argument(arguments[0]);
    if (arguments.size() == 2) return selection_expression(yaml_, array, arguments[1], by_label);
    if (!keywords.IsMap()) fail("needs labels or positions by dim, as in {lat: !slice [-30, 30]}");
    return selection_expression(yaml_, array, keywords, by_label);
  }

  const JobYaml& yaml_;
  YAML::Node place_;
  std::string name_;
  const JobTags& tags_;
};

}  // namespace

std::string quoted_name(const JobYaml& yaml, const YAML::Node& node, const std::string& name) {
  if (name.empty() || name.find('`') != std::string::npos) {
    yaml.fail(node, fmt::format("'{}' is no name: names are not empty, and have no backtick", printable(name)));
  }
  return '`' + name + '`';
}

std::optional<std::string> tag_expression(const JobYaml& yaml, const YAML::Node& node, const JobTags& tags) {
  const std::string& tag = node.Tag();
  if (tag == "!dag_prev") {
    if (!tags.previous) yaml.fail(node, "!dag_prev: no operation stands before this one");
    return quoted_name(yaml, node, *tags.previous);
  }
  if (tag == "!dag_tag") {
    const std::string name = yaml.text(node, "a tag");
    if (std::ranges::find(tags.known, name) == tags.known.end()) {
      yaml.fail(node, fmt::format("no tag '{}' is defined before this{}", printable(name), did_you_mean(name, tags.known)));
    }
    return quoted_name(yaml, node, name);
  }
  if (!tag.empty() && tag[0] == '!' && tag != "!" && tag != "!slice") {
    yaml.fail(node, fmt::format("the YAML tag '{}' is not known here: !dag_tag, !dag_prev and !slice are", printable(tag)));
  }
  return std::nullopt;
}

std::string selection_expression(const JobYaml& yaml, const std::string& array, const YAML::Node& chosen, bool by_label) {
  std::vector<std::string> parts;
  std::optional<YAML::Node> method, tolerance;
  for (const auto& [key, value] : yaml.entries(chosen, by_label ? "sel" : "isel")) {
    if (by_label && key.Scalar() == "method") {
      method = value;
    } else if (by_label && key.Scalar() == "tolerance") {
      tolerance = value;
    }
  }
  if (method) {
    constexpr std::array methods{"nearest"};
    (void)yaml.choice(*method, "method", methods);
  } else if (tolerance) {
    yaml.fail(*tolerance, "a tolerance goes with 'method: nearest'");
  }
  for (const auto& [key, value] : yaml.entries(chosen, by_label ? "sel" : "isel")) {
    if (by_label && (key.Scalar() == "method" || key.Scalar() == "tolerance")) continue;
    const std::string dim = quoted_name(yaml, key, key.Scalar());
    if (!method) {
      parts.push_back(fmt::format("{}={}", dim, chosen_text(yaml, value, by_label)));
      continue;
    }
    if (!is_number(value)) yaml.fail(value, "with 'method: nearest' a label is a number");
    parts.push_back(fmt::format("{}=~{}", dim, number_text(value)));
    if (tolerance && !is_number(*tolerance)) yaml.fail(*tolerance, "a tolerance is a number");
    if (tolerance) parts.back() += " within " + number_text(*tolerance);
  }
  if (parts.empty()) return array;
  return fmt::format("{}[{}]", array, fmt::join(parts, ", "));
}

std::string call_expression(const JobYaml& yaml, const YAML::Node& place, const std::string& name,
                            const std::vector<YAML::Node>& arguments, const YAML::Node& keywords, const JobTags& tags) {
  return Call(yaml, place, name, tags).text(arguments, keywords);
}

}  // namespace xylem::detail
