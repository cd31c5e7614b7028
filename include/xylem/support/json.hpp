#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xylem {

/// The shortest text that reads back as exactly `value`, always with a '.', an exponent, or as nan, inf, -inf: a float stays a
/// float ("3.0", "1e+20", "0.1").
std::string format_double(double value);

/// Writes JSON (RFC 8259) in order, indented by two spaces. Calls must nest; a key comes before each member of an object.
///
/// Floats are written in their shortest round-trip form; NaN becomes null, and the infinities, which JSON has no numbers for, the
/// strings "Infinity" and "-Infinity". Text that is no UTF-8 is written with each invalid byte as U+FFFD.
class JsonWriter {
 public:
  /// An object begins here, as a value in what is around it.
  JsonWriter& begin_object();
  /// Throws InternalError where there is nothing to end.
  JsonWriter& end_object();
  /// An array begins here, as a value in what is around it.
  JsonWriter& begin_array();
  /// Throws InternalError where there is nothing to end.
  JsonWriter& end_array();

  /// The name of an object's next member; its value follows.
  JsonWriter& key(std::string_view name);

  /// One value each: text (quoted and escaped), a float, true or false, an integer, null.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& null();

  /// A value in JSON's own form, such as an integer of more than 64 bits or what another writer wrote, as it stands.
  JsonWriter& number_text(std::string_view text);
  /// An array of integers on one line, such as a shape.
  JsonWriter& inline_array(const std::vector<std::int64_t>& numbers);

  /// The text written so far, with a newline at its end.
  [[nodiscard]] std::string str() const { return text_ + "\n"; }

 private:
  void start_value();
  void newline();

  std::string text_;
  std::vector<bool> has_members_;
  bool after_key_ = false;
};

}  // namespace xylem
