#include "detail/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "xylem/array/node.hpp"
#include "xylem/support/text.hpp"

#include "detail/token_stream.hpp"

namespace xylem::detail {
namespace {

// How tightly operators bind: Python's order.
enum Power : int { kNone = 0, kOr, kAnd, kNot, kComparison, kBitOr, kBitAnd, kSum, kProduct, kSign, kPower };

int power_of(const Token& token) {
  if (token.kind != TokenKind::symbol) return kNone;
  struct Row {
    std::string_view symbol;
    int power;
  };
  static constexpr Row rows[] = {
      {"or", kOr},         {"and", kAnd},       {"<", kComparison}, {"<=", kComparison}, {">", kComparison}, {">=", kComparison},
      {"==", kComparison}, {"!=", kComparison}, {"|", kBitOr},      {"&", kBitAnd},      {"+", kSum},        {"-", kSum},
      {"*", kProduct},     {"/", kProduct},     {"//", kProduct},   {"%", kProduct},     {"**", kPower},     {"^", kPower}};
  const auto* found = std::ranges::find(rows, std::string_view(token.text), &Row::symbol);
  return found == std::end(rows) ? kNone : found->power;
}

class Parser {
 public:
  explicit Parser(std::string_view expression) : tokens_(expression) {}

  SyntaxPtr run() {
    if (tokens_.peek().kind == TokenKind::end) tokens_.fail(0, "the expression is empty");
    SyntaxPtr whole = parse(kNone);
    if (tokens_.peek().kind != TokenKind::end) {
      const bool equals = tokens_.at_symbol("=");
      tokens_.fail(tokens_.peek().at, fmt::format("expected an operator or the end, not {}{}", tokens_.describe_next(),
                                                  equals ? "; to compare write ==" : ""));
    }
    return whole;
  }

 private:
  using Draft = std::unique_ptr<Syntax>;

  static Draft make(SyntaxKind kind, std::size_t at, std::string text) {
    auto syntax = std::make_unique<Syntax>();
    syntax->kind = kind;
    syntax->at = at;
    syntax->text = std::move(text);
    return syntax;
  }

  void add(Syntax& parent, SyntaxPtr child) {
    note_depth(parent, *child);
    parent.operands.push_back(std::move(child));
  }
  void note_depth(Syntax& parent, const Syntax& child) {
    parent.depth = std::max(parent.depth, child.depth + 1);
    if (parent.depth > kMaxDepth) too_deep(parent.at);
  }
  [[noreturn]] void too_deep(std::size_t at) const {
    tokens_.fail(at, fmt::format("the expression is nested more than {} deep; split it into several", kMaxDepth));
  }

  // An operand and all operators after it that bind more tightly than `least`.
  Draft parse(int least) {
    if (++nesting_ > kMaxDepth) too_deep(tokens_.peek().at);
    Draft left = parse_prefix();
    for (;;) {
      const int power = power_of(tokens_.peek());
      if (power == kNone || power <= least) break;
      if (power == kComparison) {
        left = parse_comparison(std::move(left));
      } else {
        const Token symbol = tokens_.take();
        // A power binds less tightly than a sign to its right, and to the right: 2**-x**2 is 2**(-(x**2)).
        Draft right = parse(power == kPower ? kSign - 1 : power);
        Draft whole = make(SyntaxKind::binary, symbol.at, symbol.text == "^" ? "**" : symbol.text);
        add(*whole, std::move(left));
        add(*whole, std::move(right));
        left = std::move(whole);
      }
    }
    --nesting_;
    return left;
  }

  // a < b <= c is (a < b) and (b <= c), as in Python.
  Draft parse_comparison(Draft first) {
    Draft whole = make(SyntaxKind::comparison, tokens_.peek().at, tokens_.peek().text);
    expect_unambiguous(*first);
    add(*whole, std::move(first));
    while (power_of(tokens_.peek()) == kComparison) {
      whole->comparisons.push_back(tokens_.take().text);
      Draft next = parse(kComparison);
      expect_unambiguous(*next);
      add(*whole, std::move(next));
    }
    return whole;
  }

  // Languages differ on what these mean next to a comparison.
  void expect_unambiguous(const Syntax& operand) const {
    const bool binary = operand.kind == SyntaxKind::binary && (operand.text == "&" || operand.text == "|");
    const bool negated = operand.kind == SyntaxKind::unary && operand.text == "!";
    if (operand.enclosed || (!binary && !negated)) return;
    tokens_.fail(operand.at, fmt::format("'{}' next to a comparison needs parentheses, as in {}; or write '{}'", operand.text,
                                         negated ? "!(a > 0)" : fmt::format("(a > 0) {} (b > 0)", operand.text),
                                         negated               ? "not"
                                         : operand.text == "&" ? "and"
                                                               : "or"));
  }

  Draft parse_prefix() {
    const std::string found = tokens_.describe_next();
    const Token token = tokens_.take();
    if (token.kind == TokenKind::symbol) {
      const bool sign = token.text == "-" || token.text == "+" || token.text == "~" || token.text == "!";
      if (sign || token.text == "not") {
        Draft operand = parse(sign ? kSign - 1 : kNot - 1);
        Draft whole = make(SyntaxKind::unary, token.at, token.text);
        add(*whole, std::move(operand));
        return whole;
      }
    }
    return parse_postfix(parse_operand(token, found));
  }

  Draft parse_operand(const Token& token, const std::string& found) {
    if (token.kind == TokenKind::number) {
      Draft number = make(SyntaxKind::number, token.at, token.text);
      number->number = token.number;
      return number;
    }
    if (token.kind == TokenKind::text) return make(SyntaxKind::text, token.at, token.text);
    if (token.kind == TokenKind::name) {
      if (tokens_.at_symbol("(") && !token.quoted) return parse_call(make(SyntaxKind::call, token.at, token.text));
      Draft name = make(SyntaxKind::name, token.at, token.text);
      name->quoted = token.quoted;
      return name;
    }
    if (token.kind == TokenKind::symbol && token.text == "(") {
      Draft inner = parse(kNone);
      tokens_.expect(")", fmt::format("to close the '(' of column {}", token.at + 1));
      inner->enclosed = true;
      return inner;
    }
    if (token.kind == TokenKind::symbol && token.text == "[") return parse_list(token);
    tokens_.fail(token.at, fmt::format("expected a name, a number or '(', not {}{}", found,
                                       token.text == "/" ? "; to divide, put something before it" : ""));
  }

  Draft parse_list(const Token& bracket) {
    Draft list = make(SyntaxKind::list, bracket.at, "[");
    if (tokens_.accept("]")) return list;
    do {
      add(*list, parse(kNone));
    } while (tokens_.accept(","));
    tokens_.expect("]", "to end the list");
    return list;
  }

  // Slices and methods: t[time=0].mean(lat).
  Draft parse_postfix(Draft operand) {
    for (;;) {
      const Token symbol = tokens_.peek();
      if (tokens_.accept("[")) {
        Draft whole = make(SyntaxKind::selection, symbol.at, "[");
        add(*whole, std::move(operand));
        whole->selectors = parse_selectors(tokens_);
        operand = std::move(whole);
      } else if (tokens_.accept(".")) {
        const Token name = tokens_.take();
        if (name.kind != TokenKind::name || !tokens_.at_symbol("(")) {
          tokens_.fail(symbol.at, "after '.' comes a function, as in t.mean(time); put names that hold a '.' in backticks");
        }
        Draft call = make(SyntaxKind::call, name.at, name.text);
        add(*call, std::move(operand));
        operand = parse_call(std::move(call));
      } else {
        return operand;
      }
    }
  }

  Draft parse_call(Draft call) {
    tokens_.take();  // (
    if (tokens_.accept(")")) return call;
    do {
      if (tokens_.peek().kind == TokenKind::name && tokens_.at_symbol("=", 1)) {
        const Token name = tokens_.take();
        tokens_.take();
        if (std::ranges::find(call->keywords, name.text, &Keyword::name) != call->keywords.end()) {
          tokens_.fail(name.at, fmt::format("'{}' is given twice", printable(name.text)));
        }
        Draft value = parse(kNone);
        note_depth(*call, *value);
        call->keywords.push_back({name.text, name.at, std::move(value)});
      } else {
        if (!call->keywords.empty()) tokens_.fail(tokens_.peek().at, "arguments without a name come before those with one");
        add(*call, parse(kNone));
      }
    } while (tokens_.accept(","));
    tokens_.expect(")", fmt::format("to end the arguments of {}()", printable(call->text)));
    return call;
  }

  TokenStream tokens_;
  int nesting_ = 0;
};

}  // namespace

void TokenStream::expect(std::string_view symbol, std::string_view why) {
  if (!accept(symbol)) fail(peek().at, fmt::format("expected '{}' {}, not {}", symbol, why, describe_next()));
}

std::string TokenStream::describe_next() const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::end: return "the end";
    case TokenKind::number: return fmt::format("the number {}", token.text);
    case TokenKind::text: return fmt::format("the string \"{}\"", printable(token.text));
    case TokenKind::name: return fmt::format("the name '{}'", printable(token.text));
    case TokenKind::symbol: break;
  }
  return fmt::format("'{}'", token.text);
}

SyntaxPtr parse_syntax(std::string_view expression) { return Parser(expression).run(); }

}  // namespace xylem::detail
