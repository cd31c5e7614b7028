#include <algorithm>
#include <cmath>
#include <utility>

#include "detail/aggregate_state.hpp"
#include "detail/native.hpp"

namespace xylem::detail {

void Counts::update(const Tile& tile) {
  const void* x = tile.values[static_cast<std::size_t>(value_)];
  // Only floats can be missing, and then only in tiles where a NaN was found.
  const Operand* operand = is_floating(type_) ? &tile.operands->get(value_) : nullptr;
  const bool missing = operand != nullptr && operand->missing;
  if (missing && operand->scan.outputs > 0) {
    return add_numbers(type_, operand->scan.present, operand->scan.outputs, numbers() + tile.output.first);
  }
  for_each_part(
      tile, [&](std::int64_t output, int offset, int n) { numbers()[output] += missing ? count_run(type_, x, offset, n) : n; },
      [&](std::int64_t output, int offset, int n, int rows, int stride) {
        if (missing) return count_columns(type_, x, offset, n, rows, stride, numbers() + output);
        add_to_all(output, n, rows);
      });
}

void Counts::add_to_all(std::int64_t output, int n, std::int64_t count) {
  for (const std::int64_t end = output + n; output < end;) {
    const std::int64_t block = output / count_block_outputs, next = std::min((block + 1) * count_block_outputs, size());
    if (output == block * count_block_outputs && next <= end) {
      common_[block] += count;
      output = next;
    } else {
      for (; output < std::min(next, end); ++output) numbers()[output] += count;
    }
  }
}

void Counts::settle() {
  for (std::int64_t block = 0; block < common_.size(); ++block) {
    const std::int64_t count = std::exchange(common_[block], 0);
    const std::int64_t end = std::min((block + 1) * count_block_outputs, size());
    for (std::int64_t output = block * count_block_outputs; count != 0 && output < end; ++output) numbers()[output] += count;
  }
}

void Counts::combine_numbers(const std::int64_t* others, std::int64_t first, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) numbers()[first + i] += others[i];
}

void FirstMissing::update(const Tile& tile) {
  if (!is_floating(type_) || !tile.operands->get(value_).missing) return;
  const void* x = tile.values[static_cast<std::size_t>(value_)];
  for_each_element(tile, [&](std::int64_t output, int i) {
    if (!std::isnan(element_as_double(type_, x, i))) return;
    const std::int64_t position = tile.position.first + i / tile.cols * tile.position.row + i % tile.cols * tile.position.col;
    numbers()[output] = std::min(numbers()[output], position);
  });
}

void FirstMissing::combine_numbers(const std::int64_t* others, std::int64_t first, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) numbers()[first + i] = std::min(numbers()[first + i], others[i]);
}

void Truths::update(const Tile& tile) {
  const void* x = tile.values[static_cast<std::size_t>(value_)];
  with_native(type_, [&](auto zero) {
    const auto* elements = static_cast<const decltype(zero)*>(x);
    for_each_element(tile, [&](std::int64_t output, int i) {
      const std::uint8_t truth = elements[i] != zero ? 1 : 0;
      numbers()[output] = all_ ? numbers()[output] & truth : numbers()[output] | truth;
    });
  });
}

void Truths::combine_numbers(const std::uint8_t* others, std::int64_t first, std::int64_t n) {
  for (std::int64_t i = first; i < first + n; ++i) {
    numbers()[i] = all_ ? numbers()[i] & others[i - first] : numbers()[i] | others[i - first];
  }
}

}  // namespace xylem::detail
