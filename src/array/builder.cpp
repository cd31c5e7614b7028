#include "detail/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "xylem/array/elementwise.hpp"
#include "xylem/array/node.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace detail {
namespace {

Operation binary_operation(std::string_view symbol) {
  for (const OperationInfo& info : operations()) {
    if (info.arity == 2 && symbol == info.symbol) return info.operation;
  }
  throw InternalError("the operator '{}' has no operation", symbol);
}

Operation unary_operation(std::string_view symbol) {
  if (symbol == "not") return Operation::logical_not;
  for (const OperationInfo& info : operations()) {
    if (info.arity == 1 && symbol == info.symbol) return info.operation;
  }
  throw InternalError("the operator '{}' has no operation", symbol);
}

// "sea-level" of "sea" and the like: names that the grammar takes apart.
bool needs_backticks(const std::string& name) {
  return std::ranges::any_of(name, [](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
    return !plain && static_cast<unsigned char>(c) < 0x80;
  });
}

void expect_functions(std::string_view expression, const Syntax& syntax, const std::vector<std::string>& known) {
  if (syntax.kind == SyntaxKind::call && std::ranges::find(known, syntax.text) == known.end()) {
    fail_at(expression, syntax.at, unknown_function(syntax.text));
  }
  for (const SyntaxPtr& operand : syntax.operands) expect_functions(expression, *operand, known);
  for (const Keyword& keyword : syntax.keywords) expect_functions(expression, *keyword.value, known);
}

}  // namespace

std::string unknown_function(const std::string& name) {
  return fmt::format("no function '{}'{}", printable(name), did_you_mean(name, expression_functions()));
}

Array Builder::build(const Syntax& syntax) const {
  try {
    return build_any(syntax);
  } catch (const ExpressionError&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::data) throw;
    fail(syntax.at, error.what());
  }
}

Array Builder::build_any(const Syntax& syntax) const {
  switch (syntax.kind) {
    case SyntaxKind::number: return std::visit([](auto value) { return Array(value); }, syntax.number);
    case SyntaxKind::name: return build_name(syntax);
    case SyntaxKind::unary: return elementwise(unary_operation(syntax.text), {build(*syntax.operands[0])});
    case SyntaxKind::binary:
      return elementwise(binary_operation(syntax.text), {build(*syntax.operands[0]), build(*syntax.operands[1])});
    case SyntaxKind::comparison: return build_comparison(syntax);
    case SyntaxKind::call: return call_function(*this, syntax);
    case SyntaxKind::selection: return build_selection(syntax);
    case SyntaxKind::text:
      fail(syntax.at, fmt::format("the string \"{}\" is no array; strings name dims and label values", printable(syntax.text)));
    case SyntaxKind::list: break;
  }
  fail(syntax.at, "a list is no array; lists are for isin() and for slices");
}

Array Builder::build_name(const Syntax& syntax) const {
  if (!syntax.quoted) {
    if (syntax.text == "true" || syntax.text == "false") return {syntax.text == "true"};
    if (syntax.text == "nan") return {std::numeric_limits<double>::quiet_NaN()};
    if (syntax.text == "inf") return {std::numeric_limits<double>::infinity()};
  }
  if (auto found = names_.find(syntax.text)) return std::move(*found);
  fail(syntax.at, fmt::format("no array '{}'{}", printable(syntax.text), hint(syntax.text)));
}

std::string Builder::hint(const std::string& name) const {
  const std::vector<std::string> all = names_.all();
  const std::string* odd = nullptr;  // the shortest name that the grammar takes apart after `name`
  for (const std::string& other : all) {
    const std::string last = other.substr(other.rfind('/') + 1);
    const bool meant = needs_backticks(other) && (other.starts_with(name) || last.starts_with(name));
    if (meant && (odd == nullptr || other.size() < odd->size())) odd = &other;
  }
  if (odd != nullptr) return fmt::format("; write `{}` in backticks if that is meant", printable(*odd));
  const std::size_t slash = name.find('/', 1);
  if (slash != std::string::npos && std::ranges::find(all, name.substr(0, slash)) != all.end()) {
    return fmt::format("; to divide, write '{} / {}' with blanks", printable(name.substr(0, slash)),
                       printable(name.substr(slash + 1)));
  }
  return did_you_mean(name, all);
}

Array Builder::build_comparison(const Syntax& syntax) const {
  std::optional<Array> whole;
  Array left = build(*syntax.operands[0]);
  for (std::size_t i = 0; i < syntax.comparisons.size(); ++i) {
    Array right = build(*syntax.operands[i + 1]);
    Array part = elementwise(binary_operation(syntax.comparisons[i]), {left, right});
    whole = whole ? elementwise(Operation::logical_and, {*whole, part}) : part;
    left = std::move(right);
  }
  return *whole;
}

Array Builder::build_selection(const Syntax& syntax) const {
  Array array = build(*syntax.operands[0]);
  for (const DimSelector& selector : syntax.selectors) {
    try {
      if (const auto* positions = std::get_if<Positions>(&selector.chosen)) {
        array = array.isel(selector.dim, *positions);
      } else {
        array = array.sel(selector.dim, std::get<Labelled>(selector.chosen));
      }
    } catch (const UsageError& error) {
      fail(selector.at, error.what());
    }
  }
  return array;
}

}  // namespace detail

Array parse_expression(std::string_view text, const ExpressionNames& names) {
  const detail::SyntaxPtr syntax = detail::parse_syntax(text);
  return detail::Builder(text, names).build(*syntax);
}

void check_expression(std::string_view text) {
  detail::expect_functions(text, *detail::parse_syntax(text), expression_functions());
}

}  // namespace xylem
