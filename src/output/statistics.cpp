#include "xylem/output/statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr std::size_t columns = 10;
using Row = std::array<std::string, columns>;

// Integers of more digits than this are shown rounded in the table; --csv and --json give them in full.
constexpr std::size_t max_table_digits = 12;

std::string for_table(const ResultNumber& number) {
  if (const auto* integer = std::get_if<std::string>(&number)) {
    return integer->size() <= max_table_digits ? *integer : fmt::format("{:.6g}", std::strtod(integer->c_str(), nullptr));
  }
  if (const auto* value = std::get_if<double>(&number); value != nullptr && !std::isnan(*value))
    return fmt::format("{:.6g}", *value);
  return "-";
}

std::string for_csv(const ResultNumber& number) {
  if (const auto* integer = std::get_if<std::string>(&number)) return *integer;
  if (const auto* value = std::get_if<double>(&number); value != nullptr && !std::isnan(*value)) return format_double(*value);
  return "";
}

void write(JsonWriter& json, const ResultNumber& number) {
  if (const auto* integer = std::get_if<std::string>(&number)) {
    json.number_text(*integer);
  } else if (const auto* value = std::get_if<double>(&number)) {
    json.value(*value);
  } else {
    json.null();
  }
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

Row table_row(const DatasetStatistics& row, const std::string& indent) {
  return {indent + printable(row.path),
          row.dtype,
          row.shape ? format_shape(*row.shape) : "null",
          fmt::format("{}", row.count),
          fmt::format("{}", row.missing),
          for_table(row.min),
          for_table(row.max),
          for_table(row.sum),
          for_table(row.mean),
          for_table(row.std)};
}

}  // namespace

std::string format_table(const std::vector<DatasetStatistics>& rows) {
  const bool several = std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.file != rows[0].file; });
  const Row header{"dataset", "dtype", "shape", "count", "missing", "min", "max", "sum", "mean", "std"};
  std::array<std::size_t, columns> widths{};
  const auto measure = [&](const Row& row) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], text_width(row[c]));
  };
  measure(header);
  for (const DatasetStatistics& row : rows) measure(table_row(row, several ? "  " : ""));

  std::string text;
  const auto write_row = [&](const Row& row) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(widths[c] - text_width(row[c]), ' ');
      line += (c == 0 ? "" : "  ") + (c < 3 ? row[c] + padding : padding + row[c]);
    }
    text += line + "\n";
  };
  write_row(header);
  const std::string* file = nullptr;
  for (const DatasetStatistics& row : rows) {
    if (several && (file == nullptr || *file != row.file)) text += printable(row.file) + "\n";
    file = &row.file;
    write_row(table_row(row, several ? "  " : ""));
  }
  return text;
}

std::string format_csv(const std::vector<DatasetStatistics>& rows) {
  std::string text = "file,path,dtype,shape,count,missing,min,max,sum,mean,std\r\n";
  for (const DatasetStatistics& row : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\r\n", quoted(row.file), quoted(row.path), row.dtype,
                        fmt::join(row.shape.value_or(Shape{}), "x"), row.count, row.missing, for_csv(row.min), for_csv(row.max),
                        for_csv(row.sum), for_csv(row.mean), for_csv(row.std));
  }
  return text;
}

std::string format_json(const std::vector<DatasetStatistics>& rows) {
  JsonWriter json;
  json.begin_array();
  for (const DatasetStatistics& row : rows) {
    json.begin_object().key("file").value(row.file).key("path").value(row.path).key("dtype").value(row.dtype);
    json.key("shape");
    row.shape ? json.inline_array(*row.shape) : json.null();
    json.key("count").value(row.count).key("missing").value(row.missing);
    write(json.key("min"), row.min);
    write(json.key("max"), row.max);
    write(json.key("sum"), row.sum);
    write(json.key("mean"), row.mean);
    write(json.key("std"), row.std);
    json.end_object();
  }
  json.end_array();
  return json.str();
}

}  // namespace xylem
