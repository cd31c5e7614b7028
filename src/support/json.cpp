#include "xylem/support/json.hpp"

#include <fmt/format.h>

#include <cmath>

#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

// The length of the valid UTF-8 code point that starts `text` (RFC 3629: no overlong forms, no surrogates), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
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

}  // namespace

std::string format_double(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

JsonWriter& JsonWriter::begin_object() {
  start_value();
  text_ += '{';
  has_members_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  XYLEM_EXPECT(!has_members_.empty(), "JSON nesting");
  const bool members = has_members_.back();
  has_members_.pop_back();
  if (members) newline();
  text_ += '}';
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  start_value();
  text_ += '[';
  has_members_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  XYLEM_EXPECT(!has_members_.empty(), "JSON nesting");
  const bool members = has_members_.back();
  has_members_.pop_back();
  if (members) newline();
  text_ += ']';
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  value(name);
  text_ += ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  start_value();
  text_ += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t length = utf8_length(text);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += text[0];
    } else if (c == '\n') {
      text_ += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      text_ += fmt::format("\\u{:04x}", c);
    } else if (length == 0) {
      text_ += "\\ufffd";
      length = 1;
    } else {
      text_ += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (std::isnan(number)) return null();
  if (std::isinf(number)) return value(number > 0 ? "Infinity" : "-Infinity");
  return number_text(format_double(number));
}

JsonWriter& JsonWriter::value(bool truth) { return number_text(truth ? "true" : "false"); }
JsonWriter& JsonWriter::value(std::int64_t number) { return number_text(fmt::format("{}", number)); }
JsonWriter& JsonWriter::value(std::uint64_t number) { return number_text(fmt::format("{}", number)); }
JsonWriter& JsonWriter::null() { return number_text("null"); }

JsonWriter& JsonWriter::number_text(std::string_view text) {
  start_value();
  text_ += text;
  return *this;
}

JsonWriter& JsonWriter::inline_array(const std::vector<std::int64_t>& numbers) {
  return number_text(fmt::format("[{}]", fmt::join(numbers, ", ")));
}

void JsonWriter::start_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_members_.empty()) return;
  if (has_members_.back()) text_ += ',';
  has_members_.back() = true;
  newline();
}

void JsonWriter::newline() {
  text_ += '\n';
  text_.append(2 * has_members_.size(), ' ');
}

}  // namespace xylem
