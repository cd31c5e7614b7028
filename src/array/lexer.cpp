#include "detail/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "xylem/support/text.hpp"

namespace xylem::detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    for (;;) {
      while (is_blank(peek())) ++at_;
      const std::size_t start = at_;
      if (at_ >= text_.size()) {
        add(TokenKind::end, start, "");
        return std::move(tokens_);
      }
      const char c = peek();
      if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        read_number();
      } else if (is_name_start(c) || (c == '/' && expects_operand() && is_name_start(peek(1)))) {
        read_name();
      } else if (c == '`' || c == '"' || c == '\'') {
        read_quoted(c);
      } else {
        read_symbol();
      }
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Token& add(TokenKind kind, std::size_t start, std::string text) {
    tokens_.push_back({kind, start, std::move(text)});
    return tokens_.back();
  }

  [[nodiscard]] bool expects_operand() const {
    if (tokens_.empty()) return true;
    const Token& last = tokens_.back();
    return last.kind == TokenKind::symbol && last.text != ")" && last.text != "]";
  }

  void read_number() {
    const std::size_t start = at_;
    bool real = false;
    const auto digits = [&] {
      while (is_digit(peek())) ++at_;
    };
    digits();
    if (peek() == '.' && peek(1) != '.') {  // ".." is a range
      real = true;
      ++at_;
      digits();
    }
    if ((peek() == 'e' || peek() == 'E') && (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2))))) {
      real = true;
      at_ += 2;
      digits();
    }
    const std::string_view digits_read = text_.substr(start, at_ - start);
    if (is_name_part(peek())) {
      fail_at(text_, at_, fmt::format("a name directly after the number {} (put '*' between them to multiply)", digits_read));
    }
    Token& token = add(TokenKind::number, start, std::string(digits_read));
    token.number = real ? Number(parse<double>(token)) : integer(token);
  }

  template <class T>
  T parse(const Token& token) const {
    T value{};
    const auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (error != std::errc{} || end != token.text.data() + token.text.size()) {
      fail_at(text_, token.at, fmt::format("the number {} is out of range", token.text));
    }
    return value;
  }

  [[nodiscard]] Number integer(const Token& token) const {
    const auto value = parse<std::uint64_t>(token);
    if (std::in_range<std::int64_t>(value)) return static_cast<std::int64_t>(value);
    return value;
  }

  void read_name() {
    const std::size_t start = at_;
    do {
      ++at_;  // the first character, or the '/' before it
      while (is_name_part(peek())) ++at_;
    } while (peek() == '/' && is_name_start(peek(1)));
    const std::string name(text_.substr(start, at_ - start));
    const bool keyword = name == "and" || name == "or" || name == "not";
    add(keyword ? TokenKind::symbol : TokenKind::name, start, name);
  }

  void read_quoted(char quote) {
    const std::size_t start = at_++;
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) {
      fail_at(text_, start, fmt::format("the {} that begins with {} here does not end", quote == '`' ? "name" : "string", quote));
    }
    Token& token = add(quote == '`' ? TokenKind::name : TokenKind::text, start, std::string(text_.substr(at_, end - at_)));
    token.quoted = quote == '`';
    if (token.quoted && token.text.empty()) fail_at(text_, start, "an empty name");
    at_ = end + 1;
  }

  void read_symbol() {
    static constexpr std::array<std::string_view, 9> two{"**", "//", "<=", ">=", "==", "!=", "..", "&&", "||"};
    static constexpr std::string_view one = "+-*/%^()[],=<>&|!~@:.";
    const std::string_view pair = text_.substr(at_, 2);
    if (pair == "&&" || pair == "||") {
      fail_at(text_, at_, fmt::format("'{}' is no operator here; write '{}'", pair, pair == "&&" ? "and" : "or"));
    }
    const bool is_pair = std::ranges::find(two, pair) != two.end();
    if (!is_pair && one.find(peek()) == std::string_view::npos) {
      fail_at(text_, at_, fmt::format("'{}' has no meaning here", printable(text_.substr(at_, 1))));
    }
    add(TokenKind::symbol, at_, std::string(is_pair ? pair : text_.substr(at_, 1)));
    at_ += is_pair ? 2 : 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

void fail_at(std::string_view expression, std::size_t at, const std::string& problem) {
  constexpr std::size_t before = 40, after = 40;  // bytes shown of a long expression
  const auto is_inner = [&](std::size_t i) {
    return i < expression.size() && (static_cast<unsigned char>(expression[i]) & 0xC0U) == 0x80U;
  };
  std::size_t first = at > before ? at - before : 0, last = std::min(expression.size(), at + after);
  while (first > 0 && is_inner(first)) --first;
  while (is_inner(last)) ++last;
  throw ExpressionError("{} (at column {} of '{}{}{}')", problem, text_width(expression.substr(0, at)) + 1, first > 0 ? "…" : "",
                        printable(expression.substr(first, last - first)), last < expression.size() ? "…" : "");
}

std::vector<Token> tokenize(std::string_view expression) { return Lexer(expression).run(); }

}  // namespace xylem::detail
