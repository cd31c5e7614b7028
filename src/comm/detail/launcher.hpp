#pragma once

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace xylem::detail {

/// A whole number that an environment variable holds.
inline std::optional<int> environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return {};
  int value = 0;
  const char* last = text + std::strlen(text);
  const auto [end, error] = std::from_chars(text, last, value);
  return error == std::errc() && end == last ? std::optional<int>(value) : std::nullopt;
}

}  // namespace xylem::detail
