#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/model/cf.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {

enum class TokenKind : std::uint8_t { number, text, name, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t at = 0;   ///< byte offset in the expression
  std::string text{};   ///< a name or string without its quotes; a symbol; a number as it is written
  Number number{};      ///< int64, uint64 beyond that, or double
  bool quoted = false;  ///< a name in backticks: never a keyword
};

/// A mistake in an expression whose place is already told.
class ExpressionError : public UsageError {
 public:
  using UsageError::UsageError;
};

/// Throws the error about the place `at` of an expression.
[[noreturn]] void fail_at(std::string_view expression, std::size_t at, const std::string& problem);

/// The tokens of an expression, an end token last. `and`, `or` and `not` are symbols. A '/' where an operand is expected begins
/// an absolute path; within a name, a '/' between two names without blanks belongs to a path.
std::vector<Token> tokenize(std::string_view expression);

}  // namespace xylem::detail
