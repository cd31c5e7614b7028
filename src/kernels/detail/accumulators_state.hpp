#pragma once

#include <memory>
#include <vector>

#include "xylem/kernels/accumulate.hpp"

#include "detail/aggregate_state.hpp"

namespace xylem {

struct Accumulators::State {
  State(const Program& program, const std::vector<Aggregate>& all, std::int64_t num_outputs, SumMode sums,
        std::int64_t max_bytes);

  void settle() {
    for (const auto& state : states) state->settle();
  }

  std::vector<Aggregate> aggregates;
  std::vector<ElementType> types;  // of the program's values
  std::int64_t outputs;
  SumMode mode;
  detail::MemoryBudget budget;
  detail::Operands operands;
  std::vector<std::unique_ptr<detail::AggregateState>> states{};
  std::vector<int> used{};                                 // values
  std::vector<std::unique_ptr<std::byte[]>> transposed{};  // by value
};

}  // namespace xylem
