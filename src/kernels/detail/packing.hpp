#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "xylem/support/contract.hpp"

namespace xylem::detail {

/// Numbers one after the other, in native form: for ranks of one job.
class Packer {
 public:
  /// Makes room for so many bytes at once: a string that grows holds what it had beside its new place.
  explicit Packer(std::int64_t bytes) { bytes_.reserve(static_cast<std::size_t>(bytes)); }

  template <class T>
  void put(const T* values, std::int64_t n) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(values), static_cast<std::size_t>(n) * sizeof(T));
  }
  template <class T>
  void put(T value) {
    put(&value, 1);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_{};
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  void get(T* values, std::int64_t n) {
    const std::size_t size = static_cast<std::size_t>(n) * sizeof(T);
    XYLEM_EXPECT(n >= 0 && size <= bytes_.size(), "a packed state that is whole");
    std::memcpy(values, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }
  template <class T>
  T get() {
    T value;
    get(&value, 1);
    return value;
  }
  [[nodiscard]] bool done() const noexcept { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace xylem::detail
