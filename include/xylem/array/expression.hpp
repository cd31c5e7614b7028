#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/array/array.hpp"

namespace xylem {

/// What names in an expression mean.
struct ExpressionNames {
  /// The array of a name ("t", "atm/t", "/atm/t"), or nothing.
  std::function<std::optional<Array>(const std::string&)> find;
  /// All names, for suggestions; asked for only when one is not found.
  std::function<std::vector<std::string>()> all = [] { return std::vector<std::string>{}; };
};

/// The array that an expression describes, such as `std(sqrt(u^2 + v^2), time, ddof=1)` or `t[time=0:100:2, lat=-30..30]`; the
/// grammar is in docs/expressions.md. Throws UsageError, with the expression and the column (in code points, from 1), for
/// whatever is wrong with it.
[[nodiscard]] Array parse_expression(std::string_view text, const ExpressionNames& names);

/// Throws what parse_expression() throws for the grammar and the names of functions, whatever other names mean.
void check_expression(std::string_view text);

/// The names of all functions of the language: element-wise operations, reductions, and those that work on dims and labels.
[[nodiscard]] std::vector<std::string> expression_functions();

}  // namespace xylem
