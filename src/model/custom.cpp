#include "xylem/model/custom.hpp"

#include <cstring>

#include "xylem/support/contract.hpp"

namespace xylem {
namespace {

// Calls f(T{}) for the native type of an element type that a functor can have.
template <class F>
auto with_native(ElementType type, F f) {
  switch (type) {
    case ElementType::int8: return f(std::int8_t{});
    case ElementType::int16: return f(std::int16_t{});
    case ElementType::int32: return f(std::int32_t{});
    case ElementType::int64: return f(std::int64_t{});
    case ElementType::uint16: return f(std::uint16_t{});
    case ElementType::uint32: return f(std::uint32_t{});
    case ElementType::uint64: return f(std::uint64_t{});
    case ElementType::float32: return f(float{});
    case ElementType::float64: return f(double{});
    case ElementType::boolean:
    case ElementType::uint8:
    case ElementType::float16: break;
  }
  XYLEM_EXPECT(type != ElementType::float16, "functors have no float16");
  return f(std::uint8_t{});
}

// Numbers as elements in their native form.
std::vector<std::byte> elements_of(std::span<const Number> numbers, ElementType type) {
  return with_native(type, [&](auto zero) {
    std::vector<std::byte> bytes(numbers.size() * sizeof zero);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto element = std::visit([](auto number) { return static_cast<decltype(zero)>(number); }, numbers[i]);
      std::memcpy(bytes.data() + i * sizeof zero, &element, sizeof zero);
    }
    return bytes;
  });
}

Number number_of(const std::byte* element, ElementType type) {
  return with_native(type, [&](auto value) -> Number {
    std::memcpy(&value, element, sizeof value);
    if (is_floating(type)) return static_cast<double>(value);
    if (is_signed_integer(type)) return static_cast<std::int64_t>(value);
    return static_cast<std::uint64_t>(value);
  });
}

}  // namespace

Number evaluate(const CustomFunction& function, std::span<const Number> inputs) {
  XYLEM_EXPECT(inputs.size() == function.inputs().size(), "as many inputs as the function takes");
  std::vector<std::vector<std::byte>> elements;
  std::vector<const void*> in;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    elements.push_back(elements_of(inputs.subspan(i, 1), function.inputs()[i]));
    in.push_back(elements.back().data());
  }
  alignas(8) std::byte result[8];
  function.evaluate(in, 1, result);
  return number_of(result, function.result());
}

Number reduce(const CustomReduction& reduction, const std::vector<std::vector<Number>>& inputs, bool skipna) {
  XYLEM_EXPECT(inputs.size() == reduction.inputs().size(), "as many inputs as the reduction takes");
  std::vector<std::vector<std::byte>> elements;
  std::vector<const void*> in;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    elements.push_back(elements_of(inputs[i], reduction.inputs()[i]));
    in.push_back(elements.back().data());
  }
  std::vector<std::byte> state(static_cast<std::size_t>(reduction.state_bytes()));
  reduction.identity(state.data(), 1);
  reduction.update(state.data(), in, {0, 1, static_cast<std::int64_t>(inputs[0].size()), 1}, skipna);
  alignas(8) std::byte result[8];
  reduction.finalize(state.data(), 1, result);
  return number_of(result, reduction.result());
}

}  // namespace xylem
