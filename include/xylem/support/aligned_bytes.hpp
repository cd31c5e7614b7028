#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace xylem {

/// A buffer for bytes to read into. They are not set, and pages that are never touched cost nothing. Its start is aligned, for
/// the kernel copies into a place 16 bytes behind a page's start (where malloc puts large vectors) a third slower.
class AlignedBytes {
 public:
  AlignedBytes() = default;

  /// Makes room for so many bytes. What it held is lost where it grows: the old bytes are never there beside the new ones.
  void reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    bytes_.reset();
    capacity_ = 0;
    bytes_.reset(static_cast<std::byte*>(::operator new(bytes, alignment)));
    capacity_ = bytes;
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// Its start; null before the first reserve() of more than no bytes.
  [[nodiscard]] std::byte* data() const noexcept { return bytes_.get(); }
  /// The first so many bytes, of capacity() at most.
  [[nodiscard]] std::span<std::byte> first(std::size_t bytes) const noexcept { return {bytes_.get(), bytes}; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, alignment); }
  };

  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace xylem
