#include "xylem/model/attribute.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

// Calls f with the vector that is held; a monostate gives an empty result.
template <class R, class F>
R visit_data(const AttributeValue::Data& data, F&& f) {
  return std::visit(
      [&](const auto& values) -> R {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::monostate>) {
          return R{};
        } else {
          return f(values);
        }
      },
      data);
}

template <class T>
std::optional<std::int64_t> to_integer(const T& value) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return value;
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!(value >= -0x1p63 && value < 0x1p63) || std::floor(value) != value) return std::nullopt;
    return static_cast<std::int64_t>(value);
  } else {
    return std::nullopt;
  }
}

template <class T>
std::string format_element(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return fmt::format("\"{}\"", printable(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return format_double(value);
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace

std::size_t AttributeValue::size() const noexcept {
  return visit_data<std::size_t>(data, [](const auto& values) { return values.size(); });
}

bool AttributeValue::is_integral() const noexcept {
  return std::holds_alternative<std::vector<std::int64_t>>(data) || std::holds_alternative<std::vector<std::uint64_t>>(data);
}

bool AttributeValue::is_number() const noexcept { return is_integral() || std::holds_alternative<std::vector<double>>(data); }

std::optional<std::vector<double>> AttributeValue::as_doubles() const {
  return visit_data<std::optional<std::vector<double>>>(data, [](const auto& values) -> std::optional<std::vector<double>> {
    if constexpr (std::is_same_v<std::decay_t<decltype(values[0])>, std::string>) {
      return std::nullopt;
    } else {
      std::vector<double> result;
      for (const auto value : values) result.push_back(static_cast<double>(value));
      return result;
    }
  });
}

std::optional<std::vector<std::int64_t>> AttributeValue::as_integers() const {
  return visit_data<std::optional<std::vector<std::int64_t>>>(data,
                                                              [](const auto& values) -> std::optional<std::vector<std::int64_t>> {
                                                                std::vector<std::int64_t> result;
                                                                for (const auto& value : values) {
                                                                  const auto integer = to_integer(value);
                                                                  if (!integer) return std::nullopt;
                                                                  result.push_back(*integer);
                                                                }
                                                                return result;
                                                              });
}

std::optional<std::vector<std::string>> AttributeValue::as_strings() const {
  if (!is_string()) return std::nullopt;
  return std::get<std::vector<std::string>>(data);
}

std::optional<std::string> AttributeValue::as_string() const {
  if (!is_string() || size() != 1) return std::nullopt;
  return std::get<std::vector<std::string>>(data)[0];
}

std::string format_attribute(const AttributeValue& value, std::size_t max_elements) {
  if (value.null) return "<empty>";
  if (std::holds_alternative<std::monostate>(value.data)) {
    return fmt::format("<{}{}>", value.dtype.name(), value.shape.empty() ? "" : " " + format_shape(value.shape));
  }
  return visit_data<std::string>(value.data, [&](const auto& values) {
    if (value.shape.empty() && values.size() == 1) return format_element(values[0]);
    std::string text = "[";
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i == max_elements) {
        text += fmt::format(", ... ({} more)", values.size() - i);
        break;
      }
      text += (i == 0 ? "" : ", ") + format_element(values[i]);
    }
    return text + "]";
  });
}

}  // namespace xylem
