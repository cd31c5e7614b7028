#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "xylem/model/element_type.hpp"
#include "xylem/model/shape.hpp"

namespace xylem {

/// The part of an array that this rank holds: its elements in memory, row-major, in the native form of their type (booleans one
/// byte), and their place in the whole. The memory is aligned to 64 bytes and given back with the last copy of the object.
class LocalArray {
 public:
  /// Asks for the memory; elements are not set. Throws ResourceError where there is none.
  LocalArray(ElementType dtype, Shape shape, Box place);

  [[nodiscard]] ElementType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }  ///< of the whole
  [[nodiscard]] const Box& place() const noexcept { return place_; }    ///< of the elements held here
  /// True where this rank holds all elements.
  [[nodiscard]] bool is_whole() const noexcept { return place_.count == shape_; }
  /// The elements held here as they lie in memory.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {memory_.get(), bytes_}; }
  /// The same, to be set. All copies of the object see it.
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return {memory_.get(), bytes_}; }

  /// The elements as numbers of their own type (float16: its bits as std::uint16_t; booleans: std::uint8_t). Throws UsageError
  /// where T is of another size.
  template <class T>
  [[nodiscard]] std::span<const T> elements() const {
    check_size(sizeof(T));
    return {reinterpret_cast<const T*>(memory_.get()), bytes_ / sizeof(T)};
  }

 private:
  void check_size(std::size_t size) const;

  ElementType dtype_;
  Shape shape_;
  Box place_;
  std::size_t bytes_ = 0;
  std::shared_ptr<std::byte> memory_;
};

}  // namespace xylem
