#include <algorithm>

#include "detail/aggregate_state.hpp"

namespace xylem::detail {

CustomStates::CustomStates(MemoryBudget& budget, std::int64_t outputs, const Aggregate& aggregate)
    : reduction_(aggregate.custom),
      values_(aggregate.values),
      skipna_(aggregate.skipna),
      outputs_(outputs),
      states_(budget, outputs * reduction_->state_bytes(), std::byte{0}) {
  reduction_->identity(states_.data(), outputs);
}

void CustomStates::update(const Tile& tile) {
  std::vector<const void*> in;
  for (const int value : values_) in.push_back(tile.values[static_cast<std::size_t>(value)]);
  const auto add = [&](std::int64_t output, const CustomElements& elements) {
    reduction_->update(states_.data() + output * reduction_->state_bytes(), in, elements, skipna_);
  };
  for_each_part(
      tile,
      [&](std::int64_t output, int offset, int n) {
        add(output, {offset, 1, n, 1});
      },
      [&](std::int64_t output, int offset, int n, int rows, int stride) {
        add(output, {offset, n, rows, stride});
      });
}

void CustomStates::combine(const AggregateState& other) {
  reduction_->combine(states_.data(), static_cast<const CustomStates&>(other).states_.data(), outputs_);
}

void CustomStates::pack(Packer& packer) const { packer.put(reinterpret_cast<const char*>(states_.data()), states_.size()); }

void CustomStates::combine_packed(Unpacker& unpacker) {
  constexpr std::int64_t at_once = 64;
  const std::int64_t bytes = reduction_->state_bytes();
  std::vector<std::byte> others(static_cast<std::size_t>(std::min(at_once, outputs_) * bytes));
  for (std::int64_t first = 0; first < outputs_; first += at_once) {
    const std::int64_t n = std::min(at_once, outputs_ - first);
    unpacker.get(reinterpret_cast<char*>(others.data()), n * bytes);
    reduction_->combine(states_.data() + first * bytes, others.data(), n);
  }
}

}  // namespace xylem::detail
