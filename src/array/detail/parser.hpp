#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "xylem/array/indexing.hpp"
#include "xylem/model/cf.hpp"

namespace xylem::detail {

struct Syntax;
using SyntaxPtr = std::unique_ptr<const Syntax>;

/// One `dim=...` of a slice.
struct DimSelector {
  std::string dim;
  std::size_t at = 0;
  std::variant<Positions, Labelled> chosen;
};

/// A keyword argument of a call.
struct Keyword {
  std::string name;
  std::size_t at = 0;
  SyntaxPtr value;
};

enum class SyntaxKind : std::uint8_t { number, text, name, list, unary, binary, comparison, call, selection };

/// What the grammar sees in an expression, before names mean anything.
struct Syntax {
  SyntaxKind kind = SyntaxKind::number;
  std::size_t at = 0;                      ///< byte offset of the token that it is named for
  std::string text{};                      ///< name, string, operator or function
  Number number{};                         ///< of a number
  std::vector<SyntaxPtr> operands{};       ///< operands, arguments, or the selected array
  std::vector<std::string> comparisons{};  ///< comparison: the operators between operands (a < b < c)
  std::vector<Keyword> keywords{};         ///< of a call
  std::vector<DimSelector> selectors{};    ///< of a selection
  bool quoted = false;                     ///< a name in backticks
  bool enclosed = false;                   ///< stands in parentheses
  int depth = 1;
};

/// The syntax of an expression (docs/expressions.md). Throws ExpressionError.
SyntaxPtr parse_syntax(std::string_view expression);

}  // namespace xylem::detail
