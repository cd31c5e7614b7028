#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct libdeflate_compressor;

namespace xylem {

/// Encodes chunks as HDF5's filters shuffle and deflate do, one after the other (H5Pset_shuffle, then H5Pset_deflate), without
/// calling HDF5. Each thread has its own.
class ChunkEncoder {
 public:
  /// `level`: from 1 (fast) to 9 (small).
  explicit ChunkEncoder(int level);

  /// The stored form of a chunk, whose elements have 1, 2, 4 or 8 bytes; it is valid until the next call.
  [[nodiscard]] std::span<const std::byte> encode(std::span<const std::byte> chunk, int element_size);

  /// Bytes that an encoder for such chunks takes.
  [[nodiscard]] static std::int64_t memory(std::int64_t chunk_bytes);

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const;
  };

  std::vector<std::byte> shuffled_;
  std::vector<std::byte> stored_;
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

}  // namespace xylem
