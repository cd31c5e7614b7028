#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xylem/model/dtype.hpp"
#include "xylem/model/shape.hpp"

namespace xylem {

/// The value of an attribute: all its elements in row-major order. Numbers are widened (booleans and signed integers to int64,
/// unsigned to uint64, floats to double) without loss; `dtype` keeps the stored type. A scalar has an empty shape; a null
/// dataspace has no elements and `null` set. Types that have no value here (compounds, references, ...) leave the variant at
/// monostate.
struct AttributeValue {
  /// Monostate where there is no value: of a type that has none here, a null dataspace, or of more than 64 MiB in a file.
  using Data = std::variant<std::monostate, std::vector<std::int64_t>, std::vector<std::uint64_t>, std::vector<double>,
                            std::vector<std::string>>;

  DType dtype{};
  Shape shape{};
  bool null = false;
  Data data{};

  /// The number of elements held.
  [[nodiscard]] std::size_t size() const noexcept;
  /// True for text, of any number of elements.
  [[nodiscard]] bool is_string() const noexcept { return std::holds_alternative<std::vector<std::string>>(data); }
  /// True for integers and booleans, of any number of elements.
  [[nodiscard]] bool is_integral() const noexcept;
  /// True for these and floats.
  [[nodiscard]] bool is_number() const noexcept;

  /// The elements as doubles; nothing unless numeric. Integers beyond 2^53 are rounded.
  [[nodiscard]] std::optional<std::vector<double>> as_doubles() const;
  /// The elements as signed integers; nothing unless all are integers (or floats with integer values) that fit.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> as_integers() const;
  /// The elements as text; nothing unless they are strings.
  [[nodiscard]] std::optional<std::vector<std::string>> as_strings() const;
  /// The only element, as text; nothing unless there is exactly one string.
  [[nodiscard]] std::optional<std::string> as_string() const;

  friend bool operator==(const AttributeValue&, const AttributeValue&) = default;
};

/// Attributes by name, in alphabetical order.
using Attributes = std::map<std::string, AttributeValue>;

/// One line for people: `"K"`, `[1, 2, 3]`, `<compound>`; long values are cut after `max_elements` elements.
std::string format_attribute(const AttributeValue& value, std::size_t max_elements = 8);

}  // namespace xylem
