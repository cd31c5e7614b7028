#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "xylem/model/shape.hpp"
#include "xylem/support/aligned_bytes.hpp"

#include "detail/read_driver.hpp"

namespace xylem {

/// Reads elements that a file holds as they are, off HDF5. Not to be shared between threads.
class ElementReader {
 public:
  ElementReader(h5::OpenFile file, std::int64_t element_size) : file_(file), element_size_(element_size) {}

  /// The file's bytes from `address` on. Returns an empty string, or why they cannot be read.
  [[nodiscard]] std::string read_bytes(std::int64_t address, std::span<std::byte> out) const;

  /// From a row-major array of the elements of box `array`, which starts at `address`, those of `part`, to their places in `out`,
  /// an array of the elements of box `frame`. Returns as read_bytes().
  [[nodiscard]] std::string read(std::int64_t address, const Box& array, const Box& part, const Box& frame, std::byte* out);

  /// A buffer for bytes that cannot go straight to their places, small enough to stay in a core's cache.
  [[nodiscard]] std::span<std::byte> staging();

 private:
  h5::OpenFile file_;
  std::int64_t element_size_;
  AlignedBytes staging_;
};

}  // namespace xylem
