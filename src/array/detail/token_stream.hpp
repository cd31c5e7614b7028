#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detail/lexer.hpp"
#include "detail/parser.hpp"

namespace xylem::detail {

/// The tokens of an expression, one after the other.
class TokenStream {
 public:
  explicit TokenStream(std::string_view expression) : expression_(expression), tokens_(tokenize(expression)) {}

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  Token take() {
    const Token token = peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }

  [[nodiscard]] bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == symbol;
  }
  /// Takes the symbol, if it comes next.
  bool accept(std::string_view symbol) {
    const bool found = at_symbol(symbol);
    if (found) take();
    return found;
  }
  void expect(std::string_view symbol, std::string_view why);

  /// "')'", "the end", "the name 'x'": the next token in a message.
  [[nodiscard]] std::string describe_next() const;
  [[noreturn]] void fail(std::size_t at, const std::string& problem) const { fail_at(expression_, at, problem); }

 private:
  std::string_view expression_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

/// What stands between '[' and ']' of a slice, after the '['; takes the ']'.
std::vector<DimSelector> parse_selectors(TokenStream& tokens);

}  // namespace xylem::detail
