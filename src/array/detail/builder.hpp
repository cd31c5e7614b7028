#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/array/expression.hpp"

#include "detail/lexer.hpp"
#include "detail/parser.hpp"

namespace xylem::detail {

/// What is wrong with a call of a function of this name, which there is none of.
[[nodiscard]] std::string unknown_function(const std::string& name);

/// Gives the syntax of one expression its meaning.
class Builder {
 public:
  Builder(std::string_view expression, const ExpressionNames& names) : expression_(expression), names_(names) {}

  /// The array of some syntax; mistakes are told with its place.
  [[nodiscard]] Array build(const Syntax& syntax) const;
  [[noreturn]] void fail(std::size_t at, const std::string& problem) const { fail_at(expression_, at, problem); }

 private:
  [[nodiscard]] Array build_any(const Syntax& syntax) const;
  [[nodiscard]] Array build_name(const Syntax& syntax) const;
  [[nodiscard]] Array build_comparison(const Syntax& syntax) const;
  [[nodiscard]] Array build_selection(const Syntax& syntax) const;
  [[nodiscard]] std::string hint(const std::string& name) const;

  std::string_view expression_;
  const ExpressionNames& names_;
};

/// The arguments of one call, checked as they are asked for.
class Arguments {
 public:
  Arguments(const Builder& builder, const Syntax& call, std::string_view usage) : builder_(builder), call_(call), usage_(usage) {}

  [[nodiscard]] std::size_t size() const noexcept { return call_.operands.size(); }
  [[nodiscard]] const Syntax& syntax(std::size_t i) const { return *call_.operands[i]; }
  /// Throws unless there are at least and at most as many without a name, and only these names.
  void expect(std::size_t least, std::size_t most, const std::vector<std::string>& keywords = {}) const;

  [[nodiscard]] Array array(std::size_t i) const { return builder_.build(syntax(i)); }
  [[nodiscard]] std::vector<Array> arrays(std::size_t first, std::size_t last) const;
  /// The text of a name or string.
  [[nodiscard]] std::string name(const Syntax& syntax, const char* what) const;
  /// The names from `first` on, which are dims of one of `arrays`.
  [[nodiscard]] std::vector<std::string> dims(std::size_t first, const std::vector<Array>& arrays) const;

  [[nodiscard]] const std::vector<Keyword>& keywords() const noexcept { return call_.keywords; }
  [[nodiscard]] const Syntax* keyword(std::string_view name) const;
  [[nodiscard]] Array array(const Syntax& syntax) const { return builder_.build(syntax); }
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise) const;

  [[noreturn]] void fail(std::size_t at, const std::string& problem) const { builder_.fail(at, problem); }

 private:
  const Builder& builder_;
  const Syntax& call_;
  std::string_view usage_;
};

/// The array that a call of a function gives; mistakes are told by the functions of Arguments, or thrown by what is called.
Array call_function(const Builder& builder, const Syntax& call);

}  // namespace xylem::detail
