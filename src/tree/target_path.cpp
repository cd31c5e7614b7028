#include "detail/target_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "xylem/support/text.hpp"

namespace fs = std::filesystem;

namespace xylem {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

std::string cleaned(std::string path) {
  for (std::size_t at = 0; (at = path.find('/', at)) != std::string::npos; at += 2) path.replace(at, 1, "__");
  return path;
}

// Python's regular expression as ECMAScript's: named groups lose their names, which are kept apart. What the two write
// differently beyond that is refused rather than misunderstood.
std::string translate(const std::string& pattern, std::vector<std::string>& names) {
  std::string result;
  bool in_set = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (i + 1 == pattern.size()) fail("it ends in a backslash");
      if (pattern[i + 1] == 'A' || pattern[i + 1] == 'Z')
        fail(fmt::format("\\{} is not understood: write ^ or $", pattern[i + 1]));
      result += pattern.substr(i++, 2);
      continue;
    }
    if (pattern[i] == '[') in_set = true;
    if (pattern[i] == ']') in_set = false;
    result += pattern[i];
    if (in_set || pattern[i] != '(') continue;
    if (pattern.compare(i + 1, 1, "?") != 0) {
      names.emplace_back();
    } else if (pattern.compare(i + 2, 2, "P<") == 0) {
      const std::size_t end = pattern.find('>', i);
      if (end == std::string::npos) fail("the name of a group does not end");
      names.push_back(pattern.substr(i + 4, end - i - 4));
      i = end;
    } else if (const std::string kind = pattern.substr(i + 2, 1); kind != ":" && kind != "=" && kind != "!") {
      fail(fmt::format("(?{} is not understood: there are (...), (?P<name>...), (?:...), (?=...) and (?!...)", kind));
    }
  }
  return result;
}

std::string apply_spec(const std::string& text, const std::string& spec) {
  try {
    return fmt::format(fmt::runtime("{:" + spec + "}"), text);
  } catch (const fmt::format_error&) {
    fail(fmt::format("'{}' is no format of a string", printable(spec)));
  }
}

}  // namespace

TargetPath::TargetPath(std::string format, const std::optional<std::string>& path_regex, std::map<std::string, std::string> more)
    : more_(std::move(more)) {
  if (path_regex) {
    try {
      regex_.emplace(translate(*path_regex, group_names_), std::regex::ECMAScript);
    } catch (const std::regex_error&) {
      fail(fmt::format("path_regex '{}' is no regular expression", printable(*path_regex)));
    } catch (const std::invalid_argument& error) {
      fail(fmt::format("path_regex '{}': {}", printable(*path_regex), error.what()));
    }
    if (group_names_.empty()) {
      fail(fmt::format("path_regex '{}' has no group: put what is meant in parentheses", printable(*path_regex)));
    }
  }
  parse(format);
  const std::vector<std::string> known = field_names();
  for (const Piece& piece : pieces_) {
    if (!piece.field) continue;
    (void)apply_spec("", piece.spec);
    if (std::ranges::find(known, piece.text) != known.end()) continue;
    const bool of_regex = piece.text == "match" || piece.text.rfind("groups[", 0) == 0 || piece.text.rfind("named[", 0) == 0;
    fail(fmt::format("target path '{}' has no {{{}}}{}", printable(format), printable(piece.text),
                     of_regex && !regex_ ? " without path_regex" : did_you_mean(piece.text, known)));
  }
}

void TargetPath::parse(const std::string& format) {
  const std::string quoted = printable(format);
  std::string literal;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c == '{' || c == '}') && format.compare(i + 1, 1, std::string(1, c)) == 0) {
      literal += c;
      ++i;
    } else if (c == '}') {
      fail(fmt::format("target path '{}' has a }} without a {{ (write }}}} for the character)", quoted));
    } else if (c == '{') {
      const std::size_t end = format.find('}', i);
      if (end == std::string::npos) fail(fmt::format("target path '{}' has a {{ without a }}", quoted));
      const std::string inside = format.substr(i + 1, end - i - 1);
      const std::size_t colon = std::min(inside.find(':'), inside.size());
      pieces_.push_back({std::exchange(literal, {}), {}, false});
      pieces_.push_back({inside.substr(0, colon), inside.substr(std::min(colon + 1, inside.size())), true});
      i = end;
    } else {
      literal += c;
    }
  }
  pieces_.push_back({literal, {}, false});
}

std::vector<std::string> TargetPath::field_names() const {
  std::vector<std::string> names{"basename", "ext", "dirname", "dirname_cleaned", "relpath", "relpath_cleaned"};
  for (const auto& [name, value] : more_) names.push_back(name);
  if (!regex_) return names;
  names.push_back("match");
  for (std::size_t i = 0; i < group_names_.size(); ++i) {
    names.push_back(fmt::format("groups[{}]", i));
    if (!group_names_[i].empty()) names.push_back(fmt::format("named[{}]", group_names_[i]));
  }
  return names;
}

TargetPath::Result TargetPath::of(const std::string& file, const std::string& base) const {
  const fs::path path(file);
  std::map<std::string, std::string> fields = more_;
  const std::string extension = path.extension().string();
  fields["basename"] = lower_ascii(path.stem().string());
  fields["ext"] = lower_ascii(extension.substr(std::min<std::size_t>(1, extension.size())));
  fields["dirname"] = path.parent_path().lexically_relative(base).string();
  fields["relpath"] = (path.parent_path() / path.stem()).lexically_relative(base).string();
  fields["dirname_cleaned"] = cleaned(fields["dirname"]);
  fields["relpath_cleaned"] = cleaned(fields["relpath"]);
  Result result;
  if (regex_) {
    std::smatch match;
    try {
      result.matched = std::regex_search(file, match, *regex_);
    } catch (const std::regex_error&) {
      fail(fmt::format("path_regex takes too long on '{}'", printable(file)));
    }
    fields["match"] = result.matched ? match[1].str() : fields["basename"];
    for (std::size_t i = 0; result.matched && i < group_names_.size(); ++i) {
      fields[fmt::format("groups[{}]", i)] = match[i + 1].str();
      if (!group_names_[i].empty()) fields[fmt::format("named[{}]", group_names_[i])] = match[i + 1].str();
    }
  }
  std::string target;
  for (const Piece& piece : pieces_) {
    if (!piece.field) {
      target += piece.text;
      continue;
    }
    const auto field = fields.find(piece.text);
    if (field == fields.end())
      fail(fmt::format("path_regex matches nothing in '{}', and {{{}}} has no value", printable(file), piece.text));
    target += apply_spec(field->second, piece.spec);
  }
  for (std::size_t start = 0; start <= target.size();) {
    const std::size_t end = std::min(target.find('/', start), target.size());
    const std::string name = target.substr(start, end - start);
    start = end + 1;
    if (name == ".") continue;  // {dirname} of a file in the folder itself
    result.path.push_back(name);
    if (name.empty() || name == "..") {
      fail(fmt::format("the target path '{}' has a component '{}', which can be no name in the tree", printable(target), name));
    }
  }
  if (result.path.empty())
    fail(fmt::format("the target path '{}' has only '.', which can be no name in the tree", printable(target)));
  return result;
}

}  // namespace xylem
