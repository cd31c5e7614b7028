#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "xylem/kernels/accumulate.hpp"
#include "xylem/kernels/evaluate.hpp"
#include "xylem/plan/plan.hpp"

#include "detail/block_source.hpp"

namespace xylem::detail {

/// Accumulators of one tile of a group, and how many elements went into them.
struct LiveTile {
  std::unique_ptr<Accumulators> state;
  std::int64_t elements = 0;
};

/// What evaluations need from the worker that runs them.
struct EvaluationContext {
  std::function<ArrayView(const Leaf&)> view;                           ///< where an input lies
  std::function<LiveTile&(std::size_t group, std::int64_t tile)> tile;  ///< accumulators, made when first asked for
  std::function<std::unique_ptr<Accumulators>(std::size_t group, std::int64_t tile)> identity;  ///< others like them
  std::function<void(const Destination&, const Box&, std::span<const std::byte>)> emit;         ///< finished values
};

/// Runs one evaluation of a scan for one block after another.
class EvaluationRun {
 public:
  EvaluationRun(const Pass& pass, const Evaluation& evaluation);

  void run(const Box& block, const EvaluationContext& context);

 private:
  using Range = std::pair<std::int64_t, std::int64_t>;  // of an axis' indices
  struct Axis {
    std::int64_t count;
    std::vector<std::int64_t> strides;  // of each input in bytes, then of each group's outputs and positions, of each emission
  };

  [[nodiscard]] std::vector<Range> cuts(std::size_t axis, Range range) const;
  void run_part(const std::vector<Range>& part, const EvaluationContext& context);
  bool add_constant(std::int64_t elements, const std::vector<std::int64_t>& first, const std::vector<LiveTile*>& tiles,
                    const std::vector<std::int64_t>& numbers, const EvaluationContext& context);
  void sweep(const std::vector<Axis>& axes, const std::vector<std::int64_t>& first, std::vector<LiveTile*>& tiles);
  void tile(int rows, int cols, const std::vector<std::int64_t>& at, const Axis& row, const Axis& col,
            const std::vector<LiveTile*>& tiles);

  const Pass& pass_;
  const Evaluation& evaluation_;
  Evaluator evaluator_;
  std::vector<InputView> views_;
  std::vector<const std::byte*> data_;           // of the inputs
  std::vector<std::vector<std::byte>> emitted_;  // by emission
  std::vector<const void*> group_values_;
};

}  // namespace xylem::detail
