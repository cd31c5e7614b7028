#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "xylem/kernels/evaluate.hpp"
#include "xylem/support/error.hpp"

/// Random inputs of programs, and the scalar meaning of programs.
namespace xylem {

using Random = std::mt19937_64;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline int below(Random& random, int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

template <class T>
const T& pick(Random& random, const T* first, std::size_t n) {
  return first[random() % n];
}
template <class List>
const auto& pick(Random& random, const List& list) {
  return pick(random, list.data(), list.size());
}

// A number of the type: special values, small ones that meet one another, and any bits.
inline Number random_number(Random& random, ElementType type) {
  if (!is_floating(type)) {
    const std::uint64_t bits = below(random, 3) == 0 ? random() % 4 : random() >> (random() % 64);
    const std::uint64_t number = below(random, 2) == 0 ? bits : 0 - bits;
    return is_signed_integer(type) ? convert(static_cast<std::int64_t>(number), type) : convert(number, type);
  }
  static const std::vector<double> special{0.0,       -0.0,       1.0,      -1.0,    0.5,    1.5,    -2.5,   kNan,
                                           kInfinity, -kInfinity, 5e-324,   1e-45,   6e-8,   6.1e-5, 2.9e-8, 65504.0,
                                           65519.99,  65520.0,    -65536.0, 3.4e38,  1e308,  127.5,  128.0,  -128.9,
                                           -129.0,    0x1p31,     0x1p63,   -0x1p63, 0x1p64, -0.9};
  switch (below(random, 4)) {
    case 0: return convert(pick(random, special), type);
    case 1: return convert(static_cast<double>(below(random, 9) - 4) / 2, type);
    case 2:
      return convert(std::ldexp(static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 60)), -below(random, 90)),
                     type);
    default: break;
  }
  if (type == ElementType::float32) return double{std::bit_cast<float>(static_cast<std::uint32_t>(random()))};
  return convert(std::bit_cast<double>(random()), type);
}

inline std::string text(const Number& number) {
  if (const auto* real = std::get_if<double>(&number)) return fmt::format("{:a} ({})", *real, format_number(number));
  return format_number(number);
}

// The same bits, NaN being NaN.
inline bool is_same(const Number& a, const Number& b) {
  if (a.index() != b.index()) return false;
  const auto *x = std::get_if<double>(&a), *y = std::get_if<double>(&b);
  if (x == nullptr) return a == b;
  return (std::isnan(*x) && std::isnan(*y)) || std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
}

template <class T>
T read(const void* elements, int i) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(elements) + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

// Element i of what Evaluator::values() gives.
inline Number element(ElementType type, const void* elements, int i) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8: return std::uint64_t{read<std::uint8_t>(elements, i)};
    case ElementType::uint16: return std::uint64_t{read<std::uint16_t>(elements, i)};
    case ElementType::uint32: return std::uint64_t{read<std::uint32_t>(elements, i)};
    case ElementType::uint64: return std::uint64_t{read<std::uint64_t>(elements, i)};
    case ElementType::int8: return std::int64_t{read<std::int8_t>(elements, i)};
    case ElementType::int16: return std::int64_t{read<std::int16_t>(elements, i)};
    case ElementType::int32: return std::int64_t{read<std::int32_t>(elements, i)};
    case ElementType::int64: return std::int64_t{read<std::int64_t>(elements, i)};
    case ElementType::float16:
    case ElementType::float32: return double{read<float>(elements, i)};
    default: return read<double>(elements, i);
  }
}

// The bits of a number that float16 holds, by searching the magnitudes in order.
inline std::uint64_t half_bits(double value) {
  if (std::isnan(value)) return 0x7e01;
  const double magnitude = std::fabs(value);
  std::uint64_t low = 0, high = 0x7c00;
  const auto number = [](std::uint64_t bits) {
    if (bits == 0x7c00) return kInfinity;
    const auto fraction = static_cast<double>(bits & 0x3ff);
    return bits < 0x400 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, static_cast<int>(bits >> 10) - 25);
  };
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (number(middle) < magnitude) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  EXPECT_EQ(number(low), magnitude);
  return low | (std::signbit(value) ? 0x8000U : 0U);
}

inline void write_element(const DType& dtype, const Number& number, std::byte* to) {
  std::uint64_t bits = 0;
  if (const auto* real = std::get_if<double>(&number)) {
    bits = dtype.size == 8   ? std::bit_cast<std::uint64_t>(*real)
           : dtype.size == 4 ? std::bit_cast<std::uint32_t>(static_cast<float>(*real))
                             : half_bits(*real);
  } else {
    bits = std::visit([](auto v) { return static_cast<std::uint64_t>(v); }, number);
  }
  for (int i = 0; i < dtype.size; ++i) to[dtype.big_endian ? dtype.size - 1 - i : i] = static_cast<std::byte>(bits >> (8 * i));
}

inline Number read_element(const DType& dtype, const std::byte* from) {
  std::uint64_t bits = 0;
  for (int i = 0; i < dtype.size; ++i) {
    bits = bits << 8 | std::to_integer<std::uint64_t>(from[dtype.big_endian ? i : dtype.size - 1 - i]);
  }
  const int unused = 64 - 8 * dtype.size;
  switch (dtype.type_class) {
    case TypeClass::boolean: return std::uint64_t{bits != 0};
    case TypeClass::uinteger: return bits;
    case TypeClass::integer: return static_cast<std::int64_t>(bits << unused) >> unused;
    default: break;
  }
  if (dtype.size == 8) return std::bit_cast<double>(bits);
  if (dtype.size == 4) return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
  const auto fraction = static_cast<double>(bits & 0x3ff);
  const int exponent = static_cast<int>(bits >> 10 & 0x1f);
  const double magnitude = exponent == 31  ? (fraction == 0 ? kInfinity : kNan)
                           : exponent == 0 ? std::ldexp(fraction, -24)
                                           : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

// The scalar meaning of CfDecoding.
inline Number decode(const ProgramInput& input, const std::byte* from) {
  const CfDecoding& decoding = input.decoding;
  const Number packed = read_element(packed_dtype(input.stored, decoding), from);
  if (std::ranges::find(decoding.missing, packed) != decoding.missing.end()) return kNan;
  if (decoding.valid_min && packed < *decoding.valid_min) return kNan;
  if (decoding.valid_max && packed > *decoding.valid_max) return kNan;
  if (!decoding.scaled) return convert(packed, decoded_type(input.stored, decoding));
  const double product = std::visit([](auto v) { return static_cast<double>(v); }, packed) * decoding.scale_factor;
  const double value = product + decoding.add_offset;
  if (decoding.unpacked_min && value < *decoding.unpacked_min) return kNan;
  if (decoding.unpacked_max && value > *decoding.unpacked_max) return kNan;
  return value;
}

inline DType dtype_of(ElementType type, bool big_endian) {
  DType dtype;
  dtype.size = element_size(type);
  dtype.big_endian = big_endian;
  dtype.type_class = type == ElementType::boolean ? TypeClass::boolean
                     : is_floating(type)          ? TypeClass::floating
                     : is_signed_integer(type)    ? TypeClass::integer
                                                  : TypeClass::uinteger;
  return dtype;
}

// One input's elements anywhere in memory.
struct Stored {
  std::vector<std::byte> memory;
  InputView view;
};

inline Stored random_elements(Random& random, const ProgramInput& input, int rows, int cols) {
  const int size = input.stored.size;
  const std::int64_t gaps[] = {0, size, -size, 2 * size, -3 * size, size + 1, 7 * size - 1};
  Stored stored;
  stored.view.col_stride = below(random, 2) == 0 ? size : pick(random, gaps, std::size(gaps));
  const std::int64_t contiguous = cols * stored.view.col_stride;
  stored.view.row_stride = below(random, 2) == 0 ? contiguous : pick(random, gaps, std::size(gaps)) * below(random, 2 * cols);
  const std::int64_t row_span = (rows - 1) * stored.view.row_stride, col_span = (cols - 1) * stored.view.col_stride;
  const std::int64_t first = below(random, 9) - std::min<std::int64_t>(0, row_span) - std::min<std::int64_t>(0, col_span);
  stored.memory.resize(
      static_cast<std::size_t>(first + std::max<std::int64_t>(0, row_span) + std::max<std::int64_t>(0, col_span) + size));
  stored.view.data = stored.memory.data() + first;
  const ElementType packed = *element_type(packed_dtype(input.stored, input.decoding));
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      const Number number = input.decoding.missing.empty() || below(random, 4) != 0 ? random_number(random, packed)
                                                                                    : pick(random, input.decoding.missing);
      write_element(input.stored, number, stored.memory.data() + first + r * stored.view.row_stride + c * stored.view.col_stride);
    }
  }
  return stored;
}

// Every value of one element; nothing where a cast fails.
inline std::optional<std::vector<Number>> evaluate_element(const Program& program, const std::vector<Number>& inputs) {
  std::vector<Number> values;
  const auto at = [&](int value) { return values[static_cast<std::size_t>(value)]; };
  try {
    for (const ProgramValue& value : program.values) {
      if (const auto* input = std::get_if<InputValue>(&value.kind)) {
        values.push_back(inputs[static_cast<std::size_t>(input->input)]);
      } else if (const auto* constant = std::get_if<ConstantValue>(&value.kind)) {
        values.push_back(constant->value);
      } else if (const auto* cast = std::get_if<CastValue>(&value.kind)) {
        values.push_back(convert(at(cast->input), value.type));
      } else {
        const auto& apply = std::get<ApplyValue>(value.kind);
        std::vector<Number> converted;
        for (std::size_t i = 0; i < apply.inputs.size(); ++i)
          converted.push_back(convert(at(apply.inputs[i]), apply.types.inputs[i]));
        values.push_back(evaluate(apply.operation, apply.types, converted));
      }
    }
  } catch (const DataError&) {
    return std::nullopt;
  }
  return values;
}

inline std::string description(const Program& program, std::size_t v) {
  const ProgramValue& value = program.values[v];
  const auto type_of = [&](int i) { return type_name(program.values[static_cast<std::size_t>(i)].type); };
  std::string result = fmt::format("value {}, {}", v, type_name(value.type));
  if (const auto* apply = std::get_if<ApplyValue>(&value.kind)) {
    result += fmt::format(" = {}(", operation_info(apply->operation).name);
    for (const int input : apply->inputs) result += fmt::format(" {}:{}", input, type_of(input));
    result += " )";
  } else if (const auto* cast = std::get_if<CastValue>(&value.kind)) {
    result += fmt::format(" from {}", type_of(cast->input));
  }
  return result;
}

}  // namespace xylem
