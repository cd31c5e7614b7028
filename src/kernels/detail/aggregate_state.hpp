#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "xylem/model/aggregate.hpp"

#include "detail/memory_budget.hpp"
#include "detail/operand.hpp"
#include "detail/packing.hpp"
#include "detail/sum_planes.hpp"

namespace xylem::detail {

/// One aggregate's state for all outputs.
class AggregateState {
 public:
  virtual ~AggregateState() = default;
  virtual void update(const Tile& tile) = 0;
  /// `other` is of the same class, types and outputs.
  virtual void combine(const AggregateState& other) = 0;
  virtual void pack(Packer& packer) const = 0;
  virtual void combine_packed(Unpacker& unpacker) = 0;
  /// Adds what updates left to be added later: before a state is added to another, packed or read.
  virtual void settle() {}
  /// Frees what updates take besides.
  virtual void rest() noexcept {}
};

/// States that are one number for each output, int64 say.
template <class T>
class NumberState : public AggregateState {
 public:
  NumberState(MemoryBudget& budget, std::int64_t outputs, T identity) : numbers_(budget, outputs, identity) {}

  [[nodiscard]] const T& operator[](std::int64_t output) const noexcept { return numbers_[output]; }
  void combine(const AggregateState& other) final {
    combine_numbers(static_cast<const NumberState&>(other).numbers_.data(), 0, size());
  }
  void pack(Packer& packer) const final { packer.put(numbers_.data(), size()); }
  void combine_packed(Unpacker& unpacker) final {
    T chunk[512];
    for (std::int64_t first = 0; first < size(); first += 512) {
      const std::int64_t n = std::min<std::int64_t>(512, size() - first);
      unpacker.get(chunk, n);
      combine_numbers(chunk, first, n);
    }
  }

 protected:
  [[nodiscard]] std::int64_t size() const noexcept { return numbers_.size(); }
  [[nodiscard]] T* numbers() noexcept { return numbers_.data(); }

 private:
  virtual void combine_numbers(const T* others, std::int64_t first, std::int64_t n) = 0;

  PaidVector<T> numbers_;
};

/// count, first_missing, any, all
class Counts final : public NumberState<std::int64_t> {
 public:
  Counts(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value)
      : NumberState(budget, outputs, 0),
        type_(type),
        value_(value),
        common_(budget, (outputs + count_block_outputs - 1) / count_block_outputs, 0) {}
  void update(const Tile& tile) override;
  void settle() override;

 private:
  void combine_numbers(const std::int64_t* others, std::int64_t first, std::int64_t n) override;
  void add_to_all(std::int64_t output, int n, std::int64_t count);
  ElementType type_;
  int value_;
  PaidVector<std::int64_t> common_;  // that each of a block of outputs has got besides: most data have nothing missing
};

constexpr std::int64_t nowhere = INT64_MAX;

class FirstMissing final : public NumberState<std::int64_t> {
 public:
  FirstMissing(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value)
      : NumberState(budget, outputs, nowhere), type_(type), value_(value) {}
  void update(const Tile& tile) override;

 private:
  void combine_numbers(const std::int64_t* others, std::int64_t first, std::int64_t n) override;
  ElementType type_;
  int value_;
};

class Truths final : public NumberState<std::uint8_t> {
 public:
  Truths(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool all)
      : NumberState(budget, outputs, all ? 1 : 0), type_(type), value_(value), all_(all) {}
  void update(const Tile& tile) override;

 private:
  void combine_numbers(const std::uint8_t* others, std::int64_t first, std::int64_t n) override;
  ElementType type_;
  int value_;
  bool all_;
};

/// min and max
class Extremes : public AggregateState {
 public:
  /// Of an output with at least one element that is not missing.
  [[nodiscard]] virtual Number number(std::int64_t output) const = 0;
  /// Writes all outputs' elements, of no meaning where all are missing. False, and nothing done, unless `type` is the elements'
  /// own and they are kept in that form (float16 is not).
  virtual bool write(ElementType type, std::span<std::byte> out) const = 0;
};
std::unique_ptr<Extremes> make_extremes(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool greatest);

/// argmin and argmax
class ExtremePositions final : public AggregateState {
 public:
  ExtremePositions(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value, bool greatest);
  void update(const Tile& tile) override;
  void combine(const AggregateState& other) override;
  void pack(Packer& packer) const override;
  void combine_packed(Unpacker& unpacker) override;
  /// `nowhere` where all are missing.
  [[nodiscard]] std::int64_t position(std::int64_t output) const noexcept { return positions_[output]; }

 private:
  void offer(std::int64_t output, std::uint64_t key, std::int64_t position);

  PaidVector<std::uint64_t> keys_;  // those of greater elements are less when the greatest is sought
  PaidVector<std::int64_t> positions_;
  ElementType type_;
  int value_;
  bool greatest_;
};

/// A product as sign, mantissa and exponent, so that neither overflows on the way.
struct Product {
  double high = 0.5;  ///< in [0.5, 1), and what is missing to the product
  double low = 0;
  std::int64_t exponent = 1;
  std::uint64_t magnitude = 1;  ///< of integers; 0 when it has more than 64 bits
  std::uint8_t zero = 0;
  std::uint8_t infinite = 0;
  std::uint8_t negative = 0;
};

class Products final : public AggregateState {
 public:
  Products(MemoryBudget& budget, std::int64_t outputs, ElementType type, int value)
      : products_(budget, outputs, Product{}), type_(type), value_(value) {}
  void update(const Tile& tile) override;
  void combine(const AggregateState& other) override;
  void pack(Packer& packer) const override;
  void combine_packed(Unpacker& unpacker) override;
  [[nodiscard]] double real(std::int64_t output) const;
  /// Nothing when it does not fit in int64 or, for `is_signed` false, uint64.
  [[nodiscard]] std::optional<std::uint64_t> integer(std::int64_t output, bool is_signed) const;

 private:
  PaidVector<Product> products_;
  ElementType type_;
  int value_;
};

/// ranks: of each output the elements by the digit of their key that a step looks at, among those with the bits known so far, and
/// what lies below and above these.
class Ranks final : public AggregateState {
 public:
  Ranks(MemoryBudget& budget, std::int64_t outputs, ElementType type, const Aggregate& aggregate);
  void update(const Tile& tile) override;
  void combine(const AggregateState& other) override;
  void pack(Packer& packer) const override { packer.put(numbers_.data(), numbers_.size()); }
  void combine_packed(Unpacker& unpacker) override;

  /// The keys at rank floor(q * (n - 1)) and the next one, n being the elements that are not missing: all their bits in the last
  /// step, else the ones known now (of the first).
  struct Found {
    std::int64_t elements = 0;
    std::uint64_t key = 0;
    std::uint64_t next = 0;
    double fraction = 0;  ///< of the way from one to the next
  };
  [[nodiscard]] Found find(std::int64_t output, double q) const;
  /// The value of a key.
  [[nodiscard]] double value(std::uint64_t key) const;

 private:
  // Of one output: those below, those above, the bits known, the least key above; then a count a digit.
  enum Place : std::int64_t { kBelow, kAbove, kKnown, kNext, kDigits };
  void combine_output(std::uint64_t* mine, const std::uint64_t* others) const;
  [[nodiscard]] std::uint64_t* output(std::int64_t i) { return numbers_.data() + i * stride_; }
  template <class T>
  void update_as(const Tile& tile);

  std::int64_t stride_;
  PaidVector<std::uint64_t> numbers_;
  ElementType type_;
  std::vector<int> values_;
  int shift_;
  int bits_;
};

/// custom
class CustomStates final : public AggregateState {
 public:
  CustomStates(MemoryBudget& budget, std::int64_t outputs, const Aggregate& aggregate);
  void update(const Tile& tile) override;
  void combine(const AggregateState& other) override;
  void pack(Packer& packer) const override;
  void combine_packed(Unpacker& unpacker) override;
  /// All results, in the native form of their type.
  void write(std::span<std::byte> out) const { reduction_->finalize(states_.data(), outputs_, out.data()); }

 private:
  std::shared_ptr<const CustomReduction> reduction_;
  std::vector<int> values_;
  bool skipna_;
  std::int64_t outputs_;
  PaidVector<std::byte> states_;
};

/// sum, exactly
class ExactSums final : public AggregateState {
 public:
  /// Outputs whose planes lie together.
  static constexpr int block = 512;
  /// For sums of three factors: products of the first two, of two pieces each, and their errors.
  static constexpr std::int64_t scratch_bytes = 8 * largest_tile * static_cast<std::int64_t>(sizeof(double));
  enum Special : std::uint8_t { positive_infinity = 1, negative_infinity = 2, undefined = 4 };

  ExactSums(MemoryBudget& budget, std::int64_t outputs, std::vector<ElementType> types, std::vector<int> values);
  void update(const Tile& tile) override;
  void combine(const AggregateState& other) override;
  void pack(Packer& packer) const override;
  void combine_packed(Unpacker& unpacker) override;
  void rest() noexcept final { scratch_.reset(); }

  [[nodiscard]] const SumPlanes& planes(std::int64_t number) const noexcept { return blocks_[static_cast<std::size_t>(number)]; }
  /// An or of Special: what infinities have made of an output.
  [[nodiscard]] std::uint8_t special(std::int64_t output) const noexcept {
    return specials_ ? (*specials_)[output] : std::uint8_t{0};
  }

 private:
  void add_specials(const Tile& tile);
  void add_specials(const std::uint8_t* specials);
  void add_terms(const Tile& tile, std::vector<Operand*>& factors);
  void add_slowly(const Tile& tile, const std::vector<Operand*>& factors);
  void add_term(const Tile& tile, const SumTerm& term);
  SumPlanes& planes_of(std::int64_t output) noexcept { return blocks_[static_cast<std::size_t>(output / block)]; }

  MemoryBudget* budget_;
  std::int64_t outputs_;
  std::vector<ElementType> types_;
  std::vector<int> values_;
  std::vector<SumPlanes> blocks_{};
  std::optional<PaidVector<std::uint8_t>> specials_{};
  std::unique_ptr<double[]> scratch_{};
};

/// sum, as doubles come
class FastSums final : public NumberState<double> {
 public:
  FastSums(MemoryBudget& budget, std::int64_t outputs, std::vector<ElementType> types, std::vector<int> values)
      : NumberState(budget, outputs, 0.0), types_(std::move(types)), values_(std::move(values)) {}
  void update(const Tile& tile) override;

 private:
  void combine_numbers(const double* others, std::int64_t first, std::int64_t n) override;
  std::vector<ElementType> types_;
  std::vector<int> values_;
};

/// The inner loops (lanes.cpp), compiled for several instruction sets.
double sum_lanes(const double* x, int n);
void add_columns(const double* x, int n, int rows, int stride, double* sums);
/// values[i] = x[i], zero where missing; and multiplied by x[i].
void load_doubles(ElementType type, const void* x, int n, double* values);
void multiply_doubles(ElementType type, const void* x, int n, double* values);
std::int64_t count_run(ElementType type, const void* x, int offset, int n);
void count_columns(ElementType type, const void* x, int offset, int n, int rows, int stride, std::int64_t* counts);
/// counts[i] += numbers[i], which are of the type KeyOf (keys.hpp).
void add_numbers(ElementType type, const void* numbers, int n, std::int64_t* counts);

}  // namespace xylem::detail
