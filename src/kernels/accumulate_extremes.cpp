#include <algorithm>
#include <cmath>
#include <cstring>

#include "xylem/support/contract.hpp"

#include "detail/aggregate_state.hpp"
#include "detail/keys.hpp"
#include "detail/native.hpp"
#include "detail/tile.hpp"

namespace xylem::detail {
namespace {

template <class T>
XYLEM_INLINE KeyOf<T> least_of(const T* x, int n, KeyOf<T> flip) {
  using Key = KeyOf<T>;
  Key least = std::numeric_limits<Key>::max();
  for (int i = 0; i < n; ++i) {
    const Key key = key_of_element<T>(x[i], flip);
    least = key < least ? key : least;
  }
  return least;
}

template <class T>
XYLEM_INLINE void lower_columns(const T* x, int n, int rows, int stride, KeyOf<T> flip, KeyOf<T>* least) {
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < n; ++i) {
      const KeyOf<T> key = key_of_element<T>(x[r * stride + i], flip);
      least[i] = key < least[i] ? key : least[i];
    }
  }
}

XYLEM_MULTIVERSION void lower_run(ElementType type, const void* values, int offset, int n, bool greatest, void* least) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        using T = decltype(zero);
        const auto flip = static_cast<KeyOf<T>>(greatest ? ~KeyOf<T>{0} : KeyOf<T>{0});
        auto& result = *static_cast<KeyOf<T>*>(least);
        result = std::min(result, least_of(static_cast<const T*>(values) + offset, n, flip));
      });
}

XYLEM_MULTIVERSION void lower_columns(ElementType type, const void* values, int offset, int n, int rows, int stride,
                                      bool greatest, void* least) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        using T = decltype(zero);
        const auto flip = static_cast<KeyOf<T>>(greatest ? ~KeyOf<T>{0} : KeyOf<T>{0});
        lower_columns(static_cast<const T*>(values) + offset, n, rows, stride, flip, static_cast<KeyOf<T>*>(least));
      });
}

// By what is known of n outputs.
XYLEM_MULTIVERSION void lower_keys(ElementType type, const void* known, int n, bool greatest, void* least) {
  with_native(
      type, [&](auto zero) __attribute__((always_inline)) {
        using Key = KeyOf<decltype(zero)>;
        const auto flip = static_cast<Key>(greatest ? ~Key{0} : Key{0});
        const auto* keys = static_cast<const Key*>(known);
        auto* to = static_cast<Key*>(least);
        for (int i = 0; i < n; ++i) {
          const auto key = static_cast<Key>(keys[i] ^ flip);
          to[i] = key < to[i] ? key : to[i];
        }
      });
}

// Keys are flipped for the greatest, so that the least is sought in any case.
template <class T>
class TypedExtremes final : public Extremes {
 public:
  using Key = KeyOf<T>;
  TypedExtremes(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool greatest)
      : keys_(budget, outputs, std::numeric_limits<Key>::max()), type_(type), value_(value), greatest_(greatest) {}

  void update(const Tile& tile) override {
    if constexpr (std::is_floating_point_v<T>) {
      const OutputScan& scan = tile.operands->get(value_).scan;
      if (scan.least != nullptr) {
        return lower_keys(type_, greatest_ ? scan.greatest : scan.least, scan.outputs, greatest_, &keys_[tile.output.first]);
      }
    }
    const void* x = tile.values[static_cast<std::size_t>(value_)];
    for_each_part(
        tile, [&](std::int64_t output, int offset, int n) { lower_run(type_, x, offset, n, greatest_, &keys_[output]); },
        [&](std::int64_t output, int offset, int n, int rows, int stride) {
          lower_columns(type_, x, offset, n, rows, stride, greatest_, &keys_[output]);
        });
  }

  void combine(const AggregateState& other) override {
    const Key* others = static_cast<const TypedExtremes&>(other).keys_.data();
    for (std::int64_t i = 0; i < keys_.size(); ++i) keys_[i] = std::min(keys_[i], others[i]);
  }
  void pack(Packer& packer) const override { packer.put(keys_.data(), keys_.size()); }
  void combine_packed(Unpacker& unpacker) override {
    for (std::int64_t i = 0; i < keys_.size(); ++i) keys_[i] = std::min(keys_[i], unpacker.get<Key>());
  }

  bool write(ElementType type, std::span<std::byte> out) const override {
    if (type != type_ || type == ElementType::float16) return false;
    XYLEM_EXPECT(static_cast<std::int64_t>(out.size()) == keys_.size() * static_cast<std::int64_t>(sizeof(T)), "room for all");
    const auto flip = static_cast<Key>(greatest_ ? ~Key{0} : Key{0});
    for (std::int64_t i = 0; i < keys_.size(); ++i) {
      const T value = element_of_key<T>(keys_[i], flip);
      std::memcpy(out.data() + i * static_cast<std::int64_t>(sizeof(T)), &value, sizeof value);
    }
    return true;
  }

  [[nodiscard]] Number number(std::int64_t output) const override {
    const T value = element_of_key<T>(keys_[output], static_cast<Key>(greatest_ ? ~Key{0} : Key{0}));
    if constexpr (std::is_floating_point_v<T>) {
      return double{value};
    } else if constexpr (std::is_signed_v<T>) {
      return std::int64_t{value};
    } else {
      return std::uint64_t{value};
    }
  }

 private:
  PaidVector<Key> keys_;
  ElementType type_;
  int value_;
  bool greatest_;
};

}  // namespace

std::unique_ptr<Extremes> make_extremes(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool greatest) {
  return with_native(type, [&](auto zero) -> std::unique_ptr<Extremes> {
    return std::make_unique<TypedExtremes<decltype(zero)>>(budget, outputs, type, value, greatest);
  });
}

ExtremePositions::ExtremePositions(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool greatest)
    : keys_(budget, outputs, ~std::uint64_t{0}),
      positions_(budget, outputs, nowhere),
      type_(type),
      value_(value),
      greatest_(greatest) {}

void ExtremePositions::offer(std::int64_t output, std::uint64_t key, std::int64_t position) {
  if (key > keys_[output] || (key == keys_[output] && position >= positions_[output])) return;
  keys_[output] = key;
  positions_[output] = position;
}

void ExtremePositions::update(const Tile& tile) {
  const void* x = tile.values[static_cast<std::size_t>(value_)];
  const std::uint64_t flip = greatest_ ? ~std::uint64_t{0} : 0;
  with_native(type_, [&](auto zero) {
    using T = decltype(zero);
    const T* elements = static_cast<const T*>(x);
    std::int64_t row = tile.position.first, output_row = tile.output.first;
    for (int r = 0; r < tile.rows; ++r, row += tile.position.row, output_row += tile.output.row) {
      std::int64_t position = row, output = output_row;
      for (int c = 0; c < tile.cols; ++c, position += tile.position.col, output += tile.output.col) {
        const T value = elements[r * tile.cols + c];
        if (value != value) continue;
        if constexpr (std::is_floating_point_v<T>) {
          offer(output, key_of(double{value} + 0.0) ^ flip, position);  // -0.0 becomes +0.0
        } else if constexpr (std::is_signed_v<T>) {
          offer(output, key_of(std::int64_t{value}) ^ flip, position);
        } else {
          offer(output, key_of(std::uint64_t{value}) ^ flip, position);
        }
      }
    }
  });
}

void ExtremePositions::combine(const AggregateState& other_state) {
  const auto& other = static_cast<const ExtremePositions&>(other_state);
  for (std::int64_t i = 0; i < keys_.size(); ++i) offer(i, other.keys_[i], other.positions_[i]);
}

void ExtremePositions::pack(Packer& packer) const {
  packer.put(keys_.data(), keys_.size());
  packer.put(positions_.data(), positions_.size());
}

void ExtremePositions::combine_packed(Unpacker& unpacker) {
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(keys_.size()));
  unpacker.get(keys.data(), keys_.size());
  for (std::int64_t i = 0; i < keys_.size(); ++i) offer(i, keys[static_cast<std::size_t>(i)], unpacker.get<std::int64_t>());
}

}  // namespace xylem::detail
