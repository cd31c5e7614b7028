#include <algorithm>
#include <bit>
#include <type_traits>

#include "detail/aggregate_state.hpp"
#include "detail/native.hpp"
#include "detail/tile.hpp"

namespace xylem::detail {
namespace {

// Keys in the order of the values, of as many bits as the type has; -0.0 lies below +0.0.
template <class T>
std::uint64_t rank_key(T value) {
  if constexpr (std::is_same_v<T, float>) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return bits >> 31 != 0 ? ~bits : bits | (std::uint32_t{1} << 31);
  } else if constexpr (std::is_same_v<T, double>) {
    return key_of(value);
  } else if constexpr (std::is_signed_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<Unsigned>(static_cast<Unsigned>(value) ^ (Unsigned{1} << (8 * sizeof(T) - 1)));
  } else {
    return value;
  }
}

template <class T>
double value_of_rank_key(std::uint64_t key) {
  if constexpr (std::is_same_v<T, float>) {
    const auto bits = static_cast<std::uint32_t>(key);
    return std::bit_cast<float>(bits >> 31 != 0 ? bits & 0x7fffffffU : ~bits);
  } else if constexpr (std::is_same_v<T, double>) {
    return double_of_key(key);
  } else if constexpr (std::is_signed_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<double>(static_cast<T>(static_cast<Unsigned>(key) ^ (Unsigned{1} << (8 * sizeof(T) - 1))));
  } else {
    return static_cast<double>(key);
  }
}

}  // namespace

Ranks::Ranks(MemoryBudget& budget, std::int64_t outputs, ElementType type, const Aggregate& aggregate)
    : stride_(kDigits + (std::int64_t{1} << aggregate.bits)),
      numbers_(budget, outputs * stride_, 0),
      type_(type),
      values_(aggregate.values),
      shift_(aggregate.shift),
      bits_(aggregate.bits) {
  for (std::int64_t i = 0; i < outputs; ++i) output(i)[kNext] = ~std::uint64_t{0};
}

template <class T>
void Ranks::update_as(const Tile& tile) {
  const auto* elements = static_cast<const T*>(tile.values[static_cast<std::size_t>(values_[0])]);
  const auto* known =
      values_.size() > 1 ? static_cast<const std::uint64_t*>(tile.values[static_cast<std::size_t>(values_[1])]) : nullptr;
  const std::uint64_t digits = (std::uint64_t{1} << bits_) - 1;
  for_each_element(tile, [&](std::int64_t number, int i) {
    const T value = elements[i];
    if (value != value) return;
    std::uint64_t* mine = output(number);
    const std::uint64_t key = rank_key(value);
    if (known == nullptr) {
      ++mine[kDigits + static_cast<std::int64_t>(key >> shift_)];
      return;
    }
    mine[kKnown] = known[i];
    const std::uint64_t high = key >> (shift_ + bits_);
    if (high < known[i]) {
      ++mine[kBelow];
    } else if (high > known[i]) {
      ++mine[kAbove];
      mine[kNext] = std::min(mine[kNext], key);
    } else {
      ++mine[kDigits + static_cast<std::int64_t>(key >> shift_ & digits)];
    }
  });
}

void Ranks::update(const Tile& tile) {
  with_native(type_, [&](auto zero) { update_as<decltype(zero)>(tile); });
}

void Ranks::combine_output(std::uint64_t* mine, const std::uint64_t* others) const {
  mine[kBelow] += others[kBelow];
  mine[kAbove] += others[kAbove];
  mine[kKnown] = std::max(mine[kKnown], others[kKnown]);  // 0 where no element came
  mine[kNext] = std::min(mine[kNext], others[kNext]);
  for (std::int64_t i = kDigits; i < stride_; ++i) mine[i] += others[i];
}

void Ranks::combine(const AggregateState& other_state) {
  const auto& other = static_cast<const Ranks&>(other_state);
  for (std::int64_t i = 0; i < numbers_.size(); i += stride_) combine_output(&numbers_[i], &other.numbers_[i]);
}

void Ranks::combine_packed(Unpacker& unpacker) {
  std::vector<std::uint64_t> others(static_cast<std::size_t>(stride_));
  for (std::int64_t i = 0; i < numbers_.size(); i += stride_) {
    unpacker.get(others.data(), stride_);
    combine_output(&numbers_[i], others.data());
  }
}

Ranks::Found Ranks::find(std::int64_t number, double q) const {
  const std::uint64_t* mine = &numbers_[number * stride_];
  std::uint64_t elements = mine[kBelow] + mine[kAbove];
  for (std::int64_t i = kDigits; i < stride_; ++i) elements += mine[i];
  if (elements == 0) return {};
  const double rank = q * static_cast<double>(elements - 1);
  const std::uint64_t first = std::min(static_cast<std::uint64_t>(rank), elements - 1);
  Found found{static_cast<std::int64_t>(elements), 0, 0, rank - static_cast<double>(first)};
  std::uint64_t passed = mine[kBelow];
  const auto key_at = [&](std::int64_t place) { return mine[kKnown] << bits_ | static_cast<std::uint64_t>(place - kDigits); };
  std::int64_t place = kDigits;
  while (passed + mine[place] <= first) passed += mine[place++];
  found.key = found.next = key_at(place);
  if (first + 1 < elements && passed + mine[place] <= first + 1) {
    for (++place; place < stride_ && mine[place] == 0; ++place) {
    }
    found.next = place < stride_ ? key_at(place) : mine[kNext];
  }
  return found;
}

double Ranks::value(std::uint64_t key) const {
  return with_native(type_, [&](auto zero) { return value_of_rank_key<decltype(zero)>(key); });
}

}  // namespace xylem::detail
