// Reads sources and expressions from standard input, evaluates them with the reference, and writes the results: for oracle.py.
//
//   source NAME DTYPE NDIM (DIM SIZE)...     then its values on one line, floats as %a, nan or inf
//   coord NAME DIM int|double|string         then its values on one line
//   expr TEXT
#include <cstdio>
#include <iostream>
#include <iterator>
#include <sstream>

#include "xylem/array/node.hpp"

#include "array/fixture.hpp"

using namespace xylem;

namespace {

struct Parsed {
  std::string name;
  ElementType type{};
  std::vector<Dim> dims;
  std::vector<Number> values;
  std::vector<Coordinate> coords;
};

Number read_value(const std::string& word, ElementType type) {
  if (is_floating(type)) return std::strtod(word.c_str(), nullptr);
  if (is_signed_integer(type)) return std::int64_t{std::strtoll(word.c_str(), nullptr, 10)};
  return std::uint64_t{std::strtoull(word.c_str(), nullptr, 10)};
}

std::vector<std::string> words_of_line() {
  std::string line;
  std::getline(std::cin, line);
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

LabelValues read_labels(const std::string& kind) {
  const auto words = words_of_line();
  if (kind == "string") return words;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  for (const std::string& word : words) {
    if (kind == "int") integers.push_back(std::strtoll(word.c_str(), nullptr, 10));
    if (kind == "double") reals.push_back(std::strtod(word.c_str(), nullptr));
  }
  return kind == "int" ? LabelValues(integers) : LabelValues(reals);
}

void write_number(const Number& value) {
  std::visit(
      [](auto v) {
        if constexpr (std::is_same_v<decltype(v), double>) {
          std::printf(" %a", v);
        } else {
          std::cout << " " << v << std::flush;
        }
      },
      value);
}

void write(const Array& array, const ReferenceArray& result) {
  std::printf("ok %s", type_name(array.dtype()));
  for (const Dim& dim : array.dims()) std::printf(" %s %lld", dim.name.c_str(), static_cast<long long>(dim.size));
  std::printf("\nvalues");
  std::fflush(stdout);
  for (const Number& value : result.values) {
    write_number(value);
    std::fflush(stdout);
  }
  for (const Coordinate& coord : array.coords()) {
    std::printf("\ncoord %s %s", coord.name.c_str(), coord.dims.empty() ? "-" : coord.dims[0].c_str());
    std::fflush(stdout);
    std::visit(
        [](const auto& values) {
          for (const auto& value : values) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
              std::printf(" %s", value.c_str());
            else
              write_number(Number(value));
            std::fflush(stdout);
          }
        },
        *coord.values);
  }
  std::printf("\nend\n");
  std::fflush(stdout);
}

}  // namespace

int main() {
  test::Memory memory;
  std::optional<Parsed> open;
  const auto close = [&] {
    if (open) memory.add(open->name, open->type, open->dims, open->values, open->coords);
    open.reset();
  };
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "source") {
      close();
      open.emplace();
      std::string type;
      std::size_t ndim = 0;
      words >> open->name >> type >> ndim;
      open->type = *find_element_type(type);
      open->dims.resize(ndim);
      for (Dim& dim : open->dims) words >> dim.name >> dim.size;
      for (const std::string& word : words_of_line()) open->values.push_back(read_value(word, open->type));
    } else if (command == "coord") {
      std::string name, dim, kind;
      words >> name >> dim >> kind;
      LabelValues values = read_labels(kind);
      open->coords.push_back({name, {dim}, std::make_shared<const LabelValues>(std::move(values)), std::nullopt});
    } else {
      close();
      try {
        const Array array = memory.parse(line.substr(5));
        write(array, memory.evaluate(array));
      } catch (const Error& error) {
        std::cout << "error " << error.what() << std::endl;
      }
    }
  }
}
