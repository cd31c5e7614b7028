#include "xylem/model/label_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

template <class A, class B>
bool equal_labels(const A& a, const B& b) {
  if constexpr (std::is_same_v<A, std::string> || std::is_same_v<B, std::string>) {
    if constexpr (std::is_same_v<A, B>) return a == b;
    return false;
  } else if constexpr (std::is_same_v<A, B> && std::is_integral_v<A>) {
    return a == b;
  } else {
    const auto x = static_cast<double>(a), y = static_cast<double>(b);
    return x == y || (std::isnan(x) && std::isnan(y));
  }
}

}  // namespace

std::size_t size_of(const LabelValues& values) noexcept {
  return std::visit([](const auto& list) { return list.size(); }, values);
}

std::optional<std::size_t> first_difference(const LabelValues& left, const LabelValues& right) {
  return std::visit(
      [](const auto& a, const auto& b) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
          if (!equal_labels(a[i], b[i])) return i;
        }
        return std::nullopt;
      },
      left, right);
}

std::string format_label(const LabelValues& values, std::size_t i) {
  return std::visit(
      [&](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v[0])>;
        if constexpr (std::is_same_v<T, std::string>)
          return fmt::format("\"{}\"", printable(v[i]));
        else if constexpr (std::is_same_v<T, double>)
          return format_double(v[i]);
        else
          return fmt::format("{}", v[i]);
      },
      values);
}

}  // namespace xylem
