#include <fmt/format.h>

#include <algorithm>

#include "xylem/array/node.hpp"
#include "xylem/support/text.hpp"

#include "detail/build.hpp"
#include "detail/builder.hpp"

namespace xylem::detail {

void Arguments::expect(std::size_t least, std::size_t most, const std::vector<std::string>& names) const {
  if (size() < least || size() > most) {
    fail(call_.at, fmt::format("{}() was given {}; it is written {}", call_.text, plural(size(), "argument"), usage_));
  }
  for (const Keyword& keyword : keywords()) {
    if (std::ranges::find(names, keyword.name) != names.end()) continue;
    fail(keyword.at, fmt::format("{}() has no argument '{}'{}; it is written {}", call_.text, printable(keyword.name),
                                 did_you_mean(keyword.name, names), usage_));
  }
}

std::vector<Array> Arguments::arrays(std::size_t first, std::size_t last) const {
  std::vector<Array> result;
  for (std::size_t i = first; i < last; ++i) result.push_back(array(i));
  return result;
}

std::string Arguments::name(const Syntax& found, const char* what) const {
  if (found.kind != SyntaxKind::name && found.kind != SyntaxKind::text) {
    fail(found.at, fmt::format("{}() expects the name of {} here; it is written {}", call_.text, what, usage_));
  }
  return found.text;
}

std::vector<std::string> Arguments::dims(std::size_t first, const std::vector<Array>& arrays) const {
  std::vector<std::string> names;
  for (std::size_t i = first; i < size(); ++i) {
    names.push_back(name(syntax(i), "a dim"));
    try {
      expect_dims(broadcast_dims(arrays), names);
    } catch (const UsageError& error) {
      fail(syntax(i).at, error.what());
    }
  }
  return names;
}

const Syntax* Arguments::keyword(std::string_view wanted) const {
  const auto found = std::ranges::find(keywords(), wanted, &Keyword::name);
  return found == keywords().end() ? nullptr : found->value.get();
}

bool Arguments::flag(std::string_view wanted, bool otherwise) const {
  const Syntax* found = keyword(wanted);
  if (found == nullptr) return otherwise;
  if (found->kind == SyntaxKind::name && (found->text == "true" || found->text == "false")) return found->text == "true";
  fail(found->at, fmt::format("{} is true or false", wanted));
}

std::int64_t Arguments::integer(std::string_view wanted, std::int64_t otherwise) const {
  const Syntax* found = keyword(wanted);
  if (found == nullptr) return otherwise;
  const auto* value = found->kind == SyntaxKind::number ? std::get_if<std::int64_t>(&found->number) : nullptr;
  if (value == nullptr) fail(found->at, fmt::format("{} is a whole number of 0 or more", wanted));
  return *value;
}

}  // namespace xylem::detail
