#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {

/// The bytes that the states of one Accumulators take, and their limit.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t limit) : limit_(limit) {}

  void take(std::int64_t bytes) {
    if (bytes > limit_ - used_) {
      throw ResourceError("the results so far need {} (more than the {} that they may take); allow more memory, or more ranks",
                          format_bytes(used_ + bytes), format_bytes(limit_));
    }
    used_ += bytes;
  }
  void give_back(std::int64_t bytes) noexcept { used_ -= bytes; }
  [[nodiscard]] std::int64_t used() const noexcept { return used_; }

 private:
  std::int64_t limit_;
  std::int64_t used_ = 0;
};

/// n numbers that a budget pays for, while they live.
template <class T>
class PaidVector {
 public:
  PaidVector(MemoryBudget& budget, std::int64_t n, T value) : budget_(&budget) {
    budget.take(n * static_cast<std::int64_t>(sizeof(T)));
    paid_ = n * static_cast<std::int64_t>(sizeof(T));
    values_.assign(static_cast<std::size_t>(n), value);
  }
  PaidVector(PaidVector&& other) noexcept
      : budget_(other.budget_), paid_(std::exchange(other.paid_, 0)), values_(std::move(other.values_)) {}
  PaidVector& operator=(PaidVector&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(paid_, other.paid_);
    std::swap(values_, other.values_);
    return *this;
  }
  ~PaidVector() { budget_->give_back(paid_); }

  [[nodiscard]] T* data() noexcept { return values_.data(); }
  [[nodiscard]] const T* data() const noexcept { return values_.data(); }
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(values_.size()); }
  [[nodiscard]] T& operator[](std::int64_t i) noexcept { return values_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const T& operator[](std::int64_t i) const noexcept { return values_[static_cast<std::size_t>(i)]; }

 private:
  MemoryBudget* budget_;
  std::int64_t paid_ = 0;
  std::vector<T> values_{};
};

}  // namespace xylem::detail
