#pragma once

#include "xylem/kernels/evaluate.hpp"

#include "detail/tile.hpp"

namespace xylem::detail {

/// Makes the elements of one input the values of a register.
class TileLoader {
 public:
  explicit TileLoader(const ProgramInput& input);

  /// The rows * cols values, in the register or, where they lie in `view` just so, there. `scratch`: Evaluator::max_tile * 8
  /// bytes.
  const void* load(const InputView& view, int rows, int cols, std::byte* scratch, std::byte* out) const;

 private:
  TilePlan plan_;
  ElementType type_;
  bool as_stored_ = false;  ///< the stored bytes are the values
};

}  // namespace xylem::detail
