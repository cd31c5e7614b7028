#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "xylem/model/shape.hpp"
#include "xylem/support/aligned_bytes.hpp"

namespace xylem {

/// The stored bytes of some chunks of a dataset, on their way from DatasetReader::fetch to DatasetReader::decode. Its buffer is
/// used again and again, and has the size of the largest fetch (raw_block_bytes in model/io.hpp forecasts it).
class RawBlock {
 public:
  /// Bytes of its buffer.
  [[nodiscard]] std::size_t capacity() const noexcept { return bytes_.capacity(); }

 private:
  friend class DirectReader;
  friend class CollectiveReader;

  struct Chunk {
    Shape start{};              // its first element
    std::size_t part = 0;       // the one of `parts_` that wants it
    std::size_t offset = 0;     // of its bytes in the buffer
    std::size_t size = 0;       // 0: it was never written
    std::uint32_t mask = 0;     // a bit set says that the filter of that number was left out
    std::int64_t address = -1;  // of its bytes in the file
  };

  [[nodiscard]] std::span<std::byte> bytes(const Chunk& chunk) const { return {bytes_.data() + chunk.offset, chunk.size}; }

  Box box_{};                 // that the elements are put into
  std::vector<Box> parts_{};  // of it, that are wanted
  std::vector<Chunk> chunks_{};
  AlignedBytes bytes_{};
};

}  // namespace xylem
