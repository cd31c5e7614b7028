#include "xylem/storage/raw_block.hpp"

namespace xylem {

// Not a vector: that would hold the old bytes beside the new ones while it grows, and write zeros first. Pages that are never
// touched cost nothing.
void RawBlock::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  bytes_.reset();
  capacity_ = 0;
  bytes_.reset(new std::byte[bytes]);
  capacity_ = bytes;
}

}  // namespace xylem
