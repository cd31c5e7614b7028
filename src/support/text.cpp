#include "xylem/support/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <optional>
#include <utility>

namespace xylem {
namespace {

// Matches a "[...]" set at the start of `pattern` against `c`; returns the length of the set, or 0 when it is not closed.
std::size_t match_set(std::string_view pattern, char c, bool& matched) {
  std::size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      matched = found != negated;
      return i + 1;
    }
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found = found || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 3;
    } else {
      found = found || pattern[i] == c;
      ++i;
    }
  }
  return 0;
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Characters to change, insert, delete, or exchange with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const bool same = lower(a[i]) == lower(b[j]);
      row[j + 1] = std::min({last[j] + (same ? 0 : 1), last[j + 1] + 1, row[j] + 1});
      const bool exchanged = i > 0 && j > 0 && lower(a[i]) == lower(b[j - 1]) && lower(a[i - 1]) == lower(b[j]);
      if (exchanged) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row.back();
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool share_a_letter(std::string_view a, std::string_view b) {
  return std::any_of(a.begin(), a.end(),
                     [&](char c) { return std::any_of(b.begin(), b.end(), [&](char d) { return lower(c) == lower(d); }); });
}

// The distance between two names, or nothing where it is more than a third of their length and the first is not how the second
// begins.
std::optional<std::size_t> near_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t shortest_beginning = 3;
  const std::size_t distance = edit_distance(a, b);
  const bool begins = a.size() >= shortest_beginning && b.starts_with(a);
  return begins || 3 * distance <= std::max(a.size(), b.size()) ? std::optional(distance) : std::nullopt;
}

}  // namespace

bool is_glob(std::string_view text) noexcept { return text.find_first_of("*?[") != std::string_view::npos; }

bool glob_match(std::string_view pattern, std::string_view path) {
  // Backtracks to the last `*` (within a path component) and the last `**` (anywhere): no exponential cases.
  constexpr auto none = std::string_view::npos;
  std::size_t p = 0, s = 0, star_p = none, star_s = 0, deep_p = none, deep_s = 0;
  bool whole_components = false;  // the last `**` is a whole component ("**/"): it takes components, not characters
  while (true) {
    if (pattern.substr(p, 2) == "**") {
      whole_components = (p == 0 || pattern[p - 1] == '/') && pattern.substr(p + 2, 1) == "/";
      p += whole_components ? 3 : 2;
      deep_p = p;
      deep_s = s;
      star_p = none;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      star_p = ++p;
      star_s = s;
      continue;
    }
    if (s == path.size() && p == pattern.size()) return true;
    bool matched = false;
    std::size_t step = 1;
    if (s < path.size() && p < pattern.size()) {
      if (pattern[p] == '?') {
        matched = path[s] != '/';
      } else if (pattern[p] == '[') {
        step = match_set(pattern.substr(p), path[s], matched);
        matched = matched && path[s] != '/';
        if (step == 0) {
          matched = path[s] == '[';
          step = 1;
        }
      } else {
        matched = pattern[p] == path[s];
      }
    }
    if (matched) {
      p += step;
      ++s;
    } else if (star_p != none && star_s < path.size() && path[star_s] != '/') {
      p = star_p;
      s = ++star_s;
    } else if (deep_p != none && deep_s < path.size()) {
      ++deep_s;
      while (whole_components && deep_s < path.size() && path[deep_s - 1] != '/') ++deep_s;
      p = deep_p;
      s = deep_s;
      star_p = none;
    } else {
      return false;
    }
  }
}

std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& names, std::size_t count) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : names) {
    if (!share_a_letter(last_component(name), last_component(candidate))) continue;
    if (const auto distance = near_distance(name, candidate)) {
      near.emplace_back(*distance, candidate);
    } else if (const auto tails = near_distance(last_component(name), last_component(candidate))) {
      near.emplace_back(*tails + 1, candidate);
    }
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> result;
  for (auto& [distance, candidate] : near) {
    if (result.size() == count) break;
    if (std::find(result.begin(), result.end(), candidate) == result.end()) result.push_back(std::move(candidate));
  }
  return result;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  const std::vector<std::string> near = nearest_names(name, names);
  std::string text;
  for (std::size_t i = 0; i < near.size(); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "; did you mean " : i + 1 == near.size() ? " or " : ", ", printable(near[i]));
  }
  return near.empty() ? text : text + "?";
}

std::size_t code_point_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    return continues(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    return continues(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

std::size_t text_width(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(1, code_point_length(text)));
    ++width;
  }
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t length = 0;
  for (std::size_t i = 0; i + 1 < width; ++i) length += std::max<std::size_t>(1, code_point_length(text.substr(length)));
  return std::string(text.substr(0, length)) + "…";
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t length = code_point_length(text);
    const bool c1_control = length == 2 && c == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (length == 0 || c < 0x20 || c == 0x7F || c1_control) {
      length = std::max<std::size_t>(1, length);
      for (const char byte : text.substr(0, length)) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string lower_ascii(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace xylem
