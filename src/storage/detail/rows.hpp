#pragma once

#include <cstddef>
#include <cstdint>

#include "xylem/model/shape.hpp"

namespace xylem {

/// The elements of a box that lies in two others, `a` and `b`, as rows that are contiguous in a row-major array of each; rows are
/// as long as can be. Offsets and sizes are bytes.
class Rows {
 public:
  Rows(const Box& part, const Box& a, const Box& b, std::int64_t element_size);

  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }  ///< of a row

  /// Calls visit(offset in a, offset in b) for each row, ascending.
  template <class Visit>
  void for_each(const Visit& visit) const;

 private:
  std::int64_t bytes_ = 0;
  std::int64_t in_a_ = 0, in_b_ = 0;  // of the first row
  Shape count_{};                     // rows along each dim
  Shape a_step_{}, b_step_{};
};

/// Copies the elements of `part` from an array of the elements of box `from` to one of box `to`, both row-major; `part` lies in
/// both.
void copy_box(const Box& part, const Box& from, const std::byte* source, const Box& to, std::byte* target,
              std::int64_t element_size);

template <class Visit>
void Rows::for_each(const Visit& visit) const {
  std::int64_t a = in_a_, b = in_b_;
  Shape at(count_.size(), 0);
  while (true) {
    visit(a, b);
    std::size_t d = count_.size();
    while (d-- > 0) {  // to the next row, as an odometer counts
      a += a_step_[d];
      b += b_step_[d];
      if (++at[d] < count_[d]) break;
      a -= a_step_[d] * count_[d];
      b -= b_step_[d] * count_[d];
      at[d] = 0;
    }
    if (d >= count_.size()) return;  // all dims have gone round
  }
}

}  // namespace xylem
