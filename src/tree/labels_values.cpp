#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "xylem/support/error.hpp"

#include "detail/labels.hpp"

namespace xylem {
namespace {

constexpr std::int64_t max_held = std::int64_t{1} << 31;

[[noreturn]] void unusable(const std::string& why) { throw std::invalid_argument(why); }

void expect_list(const AttributeValue& argument, std::size_t least, std::size_t most, const char* what) {
  if (!argument.is_number() || argument.dtype.type_class == TypeClass::boolean || argument.shape.size() != 1 ||
      argument.size() < least || argument.size() > most) {
    unusable(fmt::format("it takes a list of {}", what));
  }
}

std::vector<std::int64_t> integers(const AttributeValue& argument) {
  auto values = argument.is_integral() ? argument.as_integers() : std::nullopt;
  if (!values) unusable("its arguments are integers of at most 63 bits");
  return std::move(*values);
}

// The length of Python's range(start, stop, step).
std::int64_t range_length(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) unusable("the step is zero");
  if (step > 0 ? start >= stop : start <= stop) return 0;
  const auto u = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  const std::uint64_t distance = step > 0 ? u(stop) - u(start) : u(start) - u(stop);
  const std::uint64_t length = (distance - 1) / (step > 0 ? u(step) : 0 - u(step)) + 1;
  if (length > u(INT64_MAX)) unusable("there are more values than 63 bits can count");
  return static_cast<std::int64_t>(length);
}

Sequence make_range(const AttributeValue& argument) {
  expect_list(argument, 1, 3, "one to three numbers: [start,] stop[, step]");
  std::vector<std::int64_t> args = integers(argument);
  if (args.size() == 1) args.insert(args.begin(), 0);
  if (args.size() == 2) args.push_back(1);
  return {range_length(args[0], args[1], args[2]), IntegerRamp{args[0], args[2]}};
}

// NumPy takes the length from a division of floats, for integers too.
std::int64_t arange_length(double distance, double quotient) {
  if (quotient == 0 && distance != 0) return std::signbit(quotient) ? 0 : 1;
  const double length = std::ceil(quotient);
  if (!(std::fabs(length) < 0x1p63)) unusable("its length cannot be computed");
  return length <= 0 ? 0 : static_cast<std::int64_t>(length);
}

// start, stop and step in T, the type that NumPy computes length and second value in.
template <class T>
Sequence make_real_arange(const std::vector<double>& args) {
  const T start = args.size() == 1 ? T{0} : static_cast<T>(args[0]);
  const T stop = static_cast<T>(args[args.size() == 1 ? 0 : 1]);
  const T step = args.size() == 3 ? static_cast<T>(args[2]) : T{1};
  const T distance = stop - start;
  const T second = start + step;
  return {arange_length(static_cast<double>(distance), static_cast<double>(distance / step)),
          RealRamp{static_cast<double>(start), static_cast<double>(second)}};
}

Sequence make_arange(const AttributeValue& argument) {
  expect_list(argument, 1, 3, "one to three numbers: [start,] stop[, step]");
  // uint64 and int64 have no common integer type in NumPy.
  const bool wide_unsigned = argument.dtype.type_class == TypeClass::uinteger && argument.dtype.size == 8;
  if (!argument.is_integral() || wide_unsigned) {
    const auto args = *argument.as_doubles();
    const bool is_double = argument.dtype.size == 8;
    return is_double ? make_real_arange<double>(args) : make_real_arange<float>(args);
  }
  std::vector<std::int64_t> args = integers(argument);
  if (args.size() == 1) args.insert(args.begin(), 0);
  if (args.size() == 2) args.push_back(1);
  std::int64_t distance = 0;
  if (__builtin_sub_overflow(args[1], args[0], &distance)) unusable("its length cannot be computed");
  if (args[2] == 0) unusable("the step is zero");
  const auto width = static_cast<double>(distance);
  return {arange_length(width, width / static_cast<double>(args[2])), IntegerRamp{args[0], args[2]}};
}

Sequence make_space(CoordMode mode, const AttributeValue& argument) {
  expect_list(argument, 2, 4, "two to four numbers: start, stop[, num[, endpoint]]");
  const auto args = *argument.as_doubles();
  const double count = args.size() > 2 ? args[2] : 50;
  if (!(count >= 0 && count < 0x1p53) || std::floor(count) != count)
    unusable("the number of values must be a whole number, 0 or more");
  const bool endpoint = args.size() < 4 || args[3] != 0;
  return {static_cast<std::int64_t>(count), Space{args[0], args[1], endpoint, mode == CoordMode::logspace}};
}

// Python's int() of a float.
std::int64_t truncated(double value) {
  if (!(std::fabs(value) < 0x1p63)) unusable("its values do not fit in 63 bits");
  return static_cast<std::int64_t>(value);
}

Sequence make_start_and_step(const AttributeValue& argument, std::int64_t extent) {
  expect_list(argument, 2, 2, "two numbers: start, step");
  if (!argument.is_integral()) {
    const auto args = *argument.as_doubles();
    const std::int64_t start = truncated(args[0]), step = truncated(args[1]);
    const std::int64_t stop = truncated(args[0] + args[1] * static_cast<double>(extent));
    return {range_length(start, stop, step), IntegerRamp{start, step}};
  }
  const auto args = integers(argument);
  std::int64_t distance = 0, stop = 0;
  if (__builtin_mul_overflow(args[1], extent, &distance) || __builtin_add_overflow(args[0], distance, &stop)) {
    unusable("its values do not fit in 63 bits");
  }
  return {range_length(args[0], stop, args[1]), IntegerRamp{args[0], args[1]}};
}

std::vector<std::int64_t> fill(const IntegerRamp& ramp, std::size_t count) {
  std::vector<std::int64_t> values(count);
  // Unsigned, for arange may run past its stop where a float cannot tell lengths apart.
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(ramp.start) + i * static_cast<std::uint64_t>(ramp.step));
  }
  return values;
}

std::vector<double> fill(const RealRamp& ramp, std::size_t count) {
  std::vector<double> values(count);
  const double delta = ramp.second - ramp.start;
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = i == 0 ? ramp.start : i == 1 ? ramp.second : ramp.start + static_cast<double>(i) * delta;
  }
  return values;
}

std::vector<double> fill(const Space& space, std::size_t count) {
  std::vector<double> values(count);
  const double intervals = static_cast<double>(space.endpoint ? count - 1 : count);
  const double distance = space.stop - space.start;
  const double step = distance / intervals;
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(i);
    const double offset = count == 1 && space.endpoint ? x * distance : step == 0 ? x / intervals * distance : x * step;
    values[i] = offset + space.start;
  }
  if (space.endpoint && count > 1) values.back() = space.stop;
  if (space.logarithmic) {
    for (double& value : values) value = std::pow(10.0, value);
  }
  return values;
}

}  // namespace

Sequence make_sequence(CoordMode mode, const AttributeValue& argument, std::int64_t extent) {
  switch (mode) {
    case CoordMode::range: return make_range(argument);
    case CoordMode::arange: return make_arange(argument);
    case CoordMode::linspace:
    case CoordMode::logspace: return make_space(mode, argument);
    case CoordMode::start_and_step: return make_start_and_step(argument, extent);
    default: return {extent, IntegerRamp{}};  // trivial
  }
}

AttributeValue::Data fill(const Sequence& sequence) {
  const auto count = static_cast<std::size_t>(sequence.count);
  return std::visit([&](const auto& rule) -> AttributeValue::Data { return fill(rule, count); }, sequence.rule);
}

AttributeValue::Data Coord::values() const {
  if (mode == CoordMode::values || mode == CoordMode::scalar) return argument.data;
  if (mode == CoordMode::linked || mode == CoordMode::dataset) {
    throw UsageError("the values of coordinate '{}' are in dataset '{}': read them from there", name, path);
  }
  if (size > max_held)
    throw ResourceError("coordinate '{}' has {} values, more than are held at once ({})", name, size, max_held);
  return fill(make_sequence(mode, argument, size));
}

}  // namespace xylem
