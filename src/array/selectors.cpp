#include <fmt/format.h>

#include <algorithm>

#include "xylem/support/text.hpp"

#include "detail/token_stream.hpp"

namespace xylem::detail {
namespace {

class SelectorParser {
 public:
  explicit SelectorParser(TokenStream& tokens) : tokens_(tokens) {}

  DimSelector parse() {
    const Token name = tokens_.take();
    if ((name.kind != TokenKind::name && name.kind != TokenKind::text) || !tokens_.at_symbol("=")) {
      tokens_.fail(name.at, "a slice names its dims, as in t[time=0:10, lat=-30..30]");
    }
    tokens_.take();
    return {name.text, name.at, parse_chosen()};
  }

 private:
  std::variant<Positions, Labelled> parse_chosen() {
    if (tokens_.accept("@")) return parse_exact();
    if (tokens_.accept("~")) return parse_nearest();
    if (tokens_.accept("[")) return Positions(parse_list<std::int64_t>([&] { return position(label("a position")); }));
    if (tokens_.at_symbol("..")) return parse_range(std::nullopt);
    if (tokens_.at_symbol(":")) return parse_slice(std::nullopt);
    const Found first = label("a position, a slice like 0:10, a range of values like -30..30, @value or ~value");
    if (tokens_.at_symbol("..")) return parse_range(first.label);
    const std::int64_t value = position(first);
    if (tokens_.at_symbol(":")) return parse_slice(value);
    return Positions(value);
  }

  struct Found {
    std::size_t at;
    Label label;
  };

  Found label(const char* expected) {
    const std::size_t at = tokens_.peek().at;
    const bool negative = tokens_.accept("-");
    if (!negative) tokens_.accept("+");
    const std::string found = tokens_.describe_next();
    const Token token = tokens_.take();
    if (token.kind == TokenKind::text && !negative) return {at, token.text};
    if (token.kind != TokenKind::number) tokens_.fail(token.at, fmt::format("expected {}, not {}", expected, found));
    if (const auto* integer = std::get_if<std::int64_t>(&token.number)) return {at, negative ? -*integer : *integer};
    if (const auto* real = std::get_if<double>(&token.number)) return {at, negative ? -*real : *real};
    tokens_.fail(token.at, fmt::format("the number {} is out of range", token.text));
  }

  std::int64_t position(const Found& found) {
    if (const auto* integer = std::get_if<std::int64_t>(&found.label)) return *integer;
    const auto* real = std::get_if<double>(&found.label);
    const std::string text =
        real != nullptr ? fmt::format("{}", *real) : fmt::format("\"{}\"", std::get<std::string>(found.label));
    tokens_.fail(found.at, real != nullptr
                               ? fmt::format("{} is no position; write @{} for this value, ~{} for the nearest, or a range {}..",
                                             text, text, text, text)
                               : fmt::format("{} is no position; write @{} for this value", printable(text), printable(text)));
  }

  template <class T, class Parse>
  std::vector<T> parse_list(Parse parse) {
    std::vector<T> values;
    if (tokens_.accept("]")) return values;
    do {
      values.push_back(parse());
    } while (tokens_.accept(","));
    tokens_.expect("]", "to end the list");
    return values;
  }

  Labelled parse_exact() {
    if (tokens_.accept("[")) return parse_list<Label>([&] { return label("a value").label; });
    return label("a value, or a list of values in [ ]").label;
  }

  Labelled parse_nearest() {
    NearestLabel nearest{label("a value to be near").label, std::nullopt};
    if (tokens_.peek().kind == TokenKind::name && tokens_.peek().text == "within") {
      tokens_.take();
      const Found found = label("a distance");
      const auto* integer = std::get_if<std::int64_t>(&found.label);
      const auto* real = std::get_if<double>(&found.label);
      nearest.tolerance = integer != nullptr ? static_cast<double>(*integer) : real != nullptr ? *real : -1.0;
      if (!(*nearest.tolerance >= 0)) tokens_.fail(found.at, "a distance is a number of 0 or more");
    }
    return nearest;
  }

  [[nodiscard]] bool at_end() const { return tokens_.at_symbol(",") || tokens_.at_symbol("]"); }

  Labelled parse_range(std::optional<Label> first) {
    const std::size_t at = tokens_.take().at;
    LabelRange range{std::move(first), std::nullopt};
    if (!at_end()) range.last = label("the last value of a range").label;
    if (!range.first && !range.last) tokens_.fail(at, "a range has a first or a last value; write ':' for all");
    return range;
  }

  Positions parse_slice(std::optional<std::int64_t> start) {
    tokens_.take();
    Slice slice{start, std::nullopt, 1};
    const auto bound = [&] { return position(label("a position")); };
    if (!at_end() && !tokens_.at_symbol(":")) slice.stop = bound();
    if (tokens_.accept(":") && !at_end()) slice.step = bound();
    return slice;
  }

  TokenStream& tokens_;
};

}  // namespace

std::vector<DimSelector> parse_selectors(TokenStream& tokens) {
  std::vector<DimSelector> selectors;
  do {
    selectors.push_back(SelectorParser(tokens).parse());
    const auto again = std::ranges::find(selectors, selectors.back().dim, &DimSelector::dim);
    if (again + 1 != selectors.end()) {
      tokens.fail(selectors.back().at, fmt::format("the dim '{}' is named twice", printable(selectors.back().dim)));
    }
  } while (tokens.accept(","));
  tokens.expect("]", "to end the slice");
  return selectors;
}

}  // namespace xylem::detail
