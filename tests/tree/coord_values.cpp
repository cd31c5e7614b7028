// Reads lines "EXTENT MODE TYPE ARGUMENT..." (TYPE: f8, f4, i8, u8 or i4) and answers each with what labels make of them: "float"
// or "int" and the values, or "error".
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "xylem/support/error.hpp"
#include "xylem/tree/labels.hpp"

using namespace xylem;

namespace {

AttributeValue text(const std::string& value, const Shape& shape) {
  return {{TypeClass::string}, shape, false, std::vector<std::string>{value}};
}

AttributeValue numbers(const std::string& type, const std::vector<std::string>& values) {
  AttributeValue result;
  result.dtype.type_class = type[0] == 'f' ? TypeClass::floating : type[0] == 'i' ? TypeClass::integer : TypeClass::uinteger;
  result.dtype.size = type[1] - '0';
  result.shape = {static_cast<std::int64_t>(values.size())};
  if (type[0] == 'f') {
    std::vector<double> reals;
    for (const std::string& value : values) reals.push_back(std::strtod(value.c_str(), nullptr));
    result.data = reals;
  } else if (type[0] == 'i') {
    std::vector<std::int64_t> integers;
    for (const std::string& value : values) integers.push_back(std::strtoll(value.c_str(), nullptr, 10));
    result.data = integers;
  } else {
    std::vector<std::uint64_t> integers;
    for (const std::string& value : values) integers.push_back(std::strtoull(value.c_str(), nullptr, 10));
    result.data = integers;
  }
  return result;
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::int64_t extent = 0;
  std::string mode, type;
  words >> extent >> mode >> type;
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  auto info = std::make_shared<DatasetInfo>();
  info->shape = {extent};
  info->attributes = {{"dims", text("x", {1})}, {"coords__x", numbers(type, arguments)}, {"coords_mode__x", text(mode, {})}};
  try {
    const Labels made = labels(Container("d", info));
    const auto values = made.coords.at(0).values();
    if (const auto* reals = std::get_if<std::vector<double>>(&values)) {
      std::string result = "float";
      for (const double value : *reals) result += fmt::format(" {:a}", value);
      return result;
    }
    return fmt::format("int {}", fmt::join(std::get<std::vector<std::int64_t>>(values), " "));
  } catch (const DataError&) {
    return "error";
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << '\n';
}
