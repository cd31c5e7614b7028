#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xylem/model/element_type.hpp"

namespace xylem {

/// The inputs that a program's own function or reduction takes, at most.
inline constexpr std::size_t max_custom_inputs = 8;

/// An element-wise function of a program's own, as plans carry it: custom_function() (kernels/custom.hpp) makes one of a functor.
/// It is known by its address: arrays made with one object are the same array, with two they are not.
class CustomFunction {
 public:
  /// `name` is for people.
  CustomFunction(std::string name, std::vector<ElementType> inputs, ElementType result)
      : name_(std::move(name)), inputs_(std::move(inputs)), result_(result) {}
  virtual ~CustomFunction() = default;
  CustomFunction(const CustomFunction&) = delete;
  CustomFunction& operator=(const CustomFunction&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The types of what it takes, one an input, at most max_custom_inputs.
  [[nodiscard]] const std::vector<ElementType>& inputs() const noexcept { return inputs_; }
  /// The type of what evaluate() makes.
  [[nodiscard]] ElementType result() const noexcept { return result_; }

  /// Makes elements [0, n) of `out` of the same elements of each input, all in the native form of their types (booleans one byte,
  /// 0 or 1). Threads may call it at the same time. What the functor throws comes out as a DataError that names the function,
  /// xylem's own errors as they are.
  virtual void evaluate(std::span<const void* const> in, std::int64_t n, void* out) const = 0;

 private:
  std::string name_;
  std::vector<ElementType> inputs_;
  ElementType result_;
};

/// Elements of a tile that go into states side by side: element offset + r * stride + c, r in [0, rows), into state c in [0,
/// cols).
struct CustomElements {
  std::int64_t offset = 0;
  std::int64_t cols = 1;
  std::int64_t rows = 1;
  std::int64_t stride = 1;
};

/// A reduction of a program's own, as plans carry it: custom_reduction() (kernels/custom.hpp) makes one of a functor. It is known
/// by its address, as CustomFunction. A state is `state_bytes()` bytes that may be copied as they are, also to another rank;
/// states lie one after the other, aligned for any fundamental type. Throws as CustomFunction.
class CustomReduction {
 public:
  /// `name` is for people; `state_bytes`: of one state.
  CustomReduction(std::string name, std::vector<ElementType> inputs, ElementType result, std::int64_t state_bytes)
      : name_(std::move(name)), inputs_(std::move(inputs)), result_(result), state_bytes_(state_bytes) {}
  virtual ~CustomReduction() = default;
  CustomReduction(const CustomReduction&) = delete;
  CustomReduction& operator=(const CustomReduction&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The types of what it takes, one an input, at most max_custom_inputs.
  [[nodiscard]] const std::vector<ElementType>& inputs() const noexcept { return inputs_; }
  /// The type of what finalize() makes.
  [[nodiscard]] ElementType result() const noexcept { return result_; }
  [[nodiscard]] std::int64_t state_bytes() const noexcept { return state_bytes_; }

  /// Makes n states those of no elements.
  virtual void identity(std::byte* states, std::int64_t n) const = 0;
  /// Adds elements, of each state in ascending order of r; with `skipna` those where any input is NaN are left out.
  virtual void update(std::byte* states, std::span<const void* const> in, const CustomElements& elements, bool skipna) const = 0;
  /// Adds n other states.
  virtual void combine(std::byte* states, const std::byte* others, std::int64_t n) const = 0;
  /// The results of n states, in the native form of the result's type.
  virtual void finalize(const std::byte* states, std::int64_t n, std::byte* out) const = 0;

 private:
  std::string name_;
  std::vector<ElementType> inputs_;
  ElementType result_;
  std::int64_t state_bytes_;
};

/// One element: what faster ways are held against. Inputs are of the types that the function takes.
[[nodiscard]] Number evaluate(const CustomFunction& function, std::span<const Number> inputs);
/// One result likewise, of one list an input, all as long.
[[nodiscard]] Number reduce(const CustomReduction& reduction, const std::vector<std::vector<Number>>& inputs, bool skipna);

}  // namespace xylem
