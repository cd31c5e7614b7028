#pragma once

#include <gtest/gtest.h>

#include "array/fixture.hpp"

namespace xylem::test {

using Integers = std::vector<std::int64_t>;
using Reals = std::vector<double>;
using Strings = std::vector<std::string>;

inline AttributeValue text(const std::string& words) {
  return {DType{TypeClass::string, 0}, {}, false, std::vector<std::string>{words}};
}

/// Two small arrays, and helpers to look at others.
struct Arrays : ::testing::Test {
  Memory memory;
  Array t = memory.add("t", ElementType::float32, {{"time", 3}, {"lat", 4}}, numbers(12),
                       {known("time", Integers{10, 20, 30}), known("lat", Reals{45.5, 15, -15, -45.5})},
                       {{"units", text("K")}, {"long_name", text("temperature")}, {"history", text("long")}});
  Array plain = memory.add("plain", ElementType::float64, {{"time", 3}}, numbers(3));

  static std::vector<Number> numbers(int n) {
    std::vector<Number> values;
    for (int i = 0; i < n; ++i) values.emplace_back(static_cast<double>(i));
    return values;
  }
  std::vector<double> values(const Array& array) const {
    std::vector<double> result;
    for (const Number& value : memory.evaluate(array).values)
      result.push_back(std::visit([](auto v) { return double(v); }, value));
    return result;
  }
  static std::string dims(const Array& array) { return summary(array); }
  static LabelValues labels(const Array& array, const std::string& name) { return *array.find_coord(name)->values; }
};

}  // namespace xylem::test
