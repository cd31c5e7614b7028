#include "xylem/support/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "xylem/support/contract.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
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
    std::size_t length = code_point_length(text);
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
