#include "xylem/output/result_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "xylem/comm/archive.hpp"
#include "xylem/model/half.hpp"
#include "xylem/model/runs.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/json.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr std::int64_t max_list = 40, max_rows = 20, max_columns = 10;

template <class T>
T load(const std::byte* element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

// The shortest text that reads back to the same value of the type.
std::string format_real(double value, ElementType type) {
  if (!std::isfinite(value)) return format_double(value);
  for (int digits = 1; type != ElementType::float64; ++digits) {
    const double rounded = std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr);
    if (std::get<double>(convert(rounded, type)) == value) return format_double(rounded);
  }
  return format_double(value);
}

std::string format_element(ElementType type, const std::byte* element) {
  switch (type) {
    case ElementType::boolean: return load<std::uint8_t>(element) != 0 ? "true" : "false";
    case ElementType::int8: return fmt::format("{}", int{load<std::int8_t>(element)});
    case ElementType::int16: return fmt::format("{}", load<std::int16_t>(element));
    case ElementType::int32: return fmt::format("{}", load<std::int32_t>(element));
    case ElementType::int64: return fmt::format("{}", load<std::int64_t>(element));
    case ElementType::uint8: return fmt::format("{}", int{load<std::uint8_t>(element)});
    case ElementType::uint16: return fmt::format("{}", load<std::uint16_t>(element));
    case ElementType::uint32: return fmt::format("{}", load<std::uint32_t>(element));
    case ElementType::uint64: return fmt::format("{}", load<std::uint64_t>(element));
    case ElementType::float16: return format_real(widen_half(load<std::uint16_t>(element)), type);
    case ElementType::float32: return format_real(load<float>(element), type);
    case ElementType::float64: break;
  }
  return format_double(load<double>(element));
}

std::string format_label(const ResultCoord& coord, std::size_t i) {
  const auto* strings = std::get_if<std::vector<std::string>>(&coord.values);
  return strings != nullptr ? printable((*strings)[i]) : xylem::format_label(coord.values, i);
}

// Labels of a dim, or positions where it has none.
std::vector<std::string> labels_of(const ResultVariable& variable, std::size_t axis) {
  const auto coord = std::ranges::find_if(
      variable.coords, [&](const ResultCoord& item) { return item.is_index() && item.name == variable.dims[axis]; });
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < static_cast<std::size_t>(variable.shape[axis]); ++i)
    labels.push_back(coord == variable.coords.end() ? fmt::format("{}", i) : format_label(*coord, i));
  return labels;
}

std::string units_of(const ResultVariable& variable) {
  const auto found = variable.attributes.find("units");
  const auto text = found == variable.attributes.end() ? std::nullopt : found->second.as_string();
  return text ? printable(*text) : "";
}

std::string scalar_coords(const ResultVariable& variable) {
  std::string text;
  for (const ResultCoord& coord : variable.coords) {
    if (!coord.dims.empty()) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", printable(coord.name), format_label(coord, 0));
  }
  return text.empty() ? "" : "  (" + text + ")";
}

// "t (time: 3, lat: 2) float64, K"
std::string heading(const ResultVariable& variable) {
  std::string dims;
  for (std::size_t i = 0; i < variable.dims.size(); ++i)
    dims += fmt::format("{}{}: {}", i == 0 ? "" : ", ", printable(variable.dims[i]), variable.shape[i]);
  const std::string units = units_of(variable);
  return fmt::format("{}{} {}{}{}", printable(variable.name), dims.empty() ? "" : " (" + dims + ")", type_name(variable.dtype),
                     units.empty() ? "" : ", " + units, scalar_coords(variable));
}

// Columns of equal height, all to the right.
std::string format_columns(const std::vector<std::vector<std::string>>& columns) {
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t& width = widths.emplace_back(0);
    for (const std::string& cell : column) width = std::max(width, text_width(cell));
  }
  std::string text;
  for (std::size_t row = 0; row < columns[0].size(); ++row) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      text += "  " + std::string(widths[c] - text_width(columns[c][row]), ' ') + columns[c][row];
    text += "\n";
  }
  return text;
}

std::string format_values(const ResultVariable& variable, const std::vector<std::string>& cells) {
  if (variable.dims.empty()) {
    const std::string units = units_of(variable);
    return fmt::format("{} = {}{}{}\n", printable(variable.name), cells[0], units.empty() ? "" : " " + units,
                       scalar_coords(variable));
  }
  std::vector<std::vector<std::string>> columns{labels_of(variable, 0)};
  if (variable.dims.size() == 1) {
    columns.push_back(cells);
    columns[0].insert(columns[0].begin(), printable(variable.dims[0]));
    columns[1].insert(columns[1].begin(), printable(variable.name));
  } else {
    columns[0].insert(columns[0].begin(), printable(variable.dims[0]) + " \\ " + printable(variable.dims[1]));
    const std::vector<std::string> names = labels_of(variable, 1);
    for (std::size_t c = 0; c < names.size(); ++c) {
      std::vector<std::string>& column = columns.emplace_back(1, names[c]);
      for (std::size_t i = c; i < cells.size(); i += names.size()) column.push_back(cells[i]);
    }
  }
  return heading(variable) + "\n" + format_columns(columns);
}

}  // namespace

bool is_printed_whole(const ResultVariable& variable) {
  const Shape& shape = variable.shape;
  if (shape.size() == 2) return shape[0] <= max_rows && shape[1] <= max_columns;
  return shape.empty() || (shape.size() == 1 && shape[0] <= max_list);
}

ResultCollector::ResultCollector(std::vector<ResultVariable> variables) : variables_(std::move(variables)) {}

void ResultCollector::write(std::size_t variable, const Box& box, std::span<const std::byte> values) {
  if (!is_printed_whole(variables_.at(variable))) return;
  const std::lock_guard lock(mutex_);
  pieces_.push_back({variable, box.start, box.count, {values.begin(), values.end()}});
}

std::vector<ResultElements> ResultCollector::collect(const Communicator& comm) const {
  std::vector<ResultElements> elements;
  for (const ResultVariable& variable : variables_) {
    ResultElements& mine = elements.emplace_back();
    if (is_printed_whole(variable))
      mine.emplace(static_cast<std::size_t>(*num_elements(variable.shape) * element_size(variable.dtype)));
  }
  for (const std::string& bytes : comm.all_gather(to_bytes(pieces_))) {
    for (const Piece& piece : from_bytes<std::vector<Piece>>(bytes)) {
      const ResultVariable& variable = variables_[piece.variable];
      const std::int64_t size = element_size(variable.dtype);
      const std::byte* from = piece.values.data();
      for_each_run(variable.shape, {piece.start, piece.count}, [&](std::int64_t first, std::int64_t count) {
        std::copy_n(from, count * size, elements[piece.variable]->begin() + first * size);
        from += count * size;
      });
    }
  }
  return elements;
}

std::string format_results(const std::vector<ResultVariable>& variables, const std::vector<ResultElements>& elements,
                           const std::string& path) {
  XYLEM_EXPECT(variables.size() == elements.size(), "each result has elements, or none that are known");
  std::string text;
  bool after_table = false;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const ResultVariable& variable = variables[i];
    const bool is_table = elements[i] && !variable.dims.empty();
    if (i > 0 && (is_table || after_table)) text += "\n";
    after_table = is_table;
    if (!elements[i]) {
      text += fmt::format("{}: {}\n", heading(variable),
                          path.empty() ? "too large to be printed; write it to a file with -o" : "in " + printable(path));
      continue;
    }
    const auto size = static_cast<std::size_t>(element_size(variable.dtype));
    std::vector<std::string> cells;
    for (std::size_t at = 0; at < elements[i]->size(); at += size)
      cells.push_back(format_element(variable.dtype, elements[i]->data() + at));
    text += format_values(variable, cells);
  }
  return text;
}

}  // namespace xylem
