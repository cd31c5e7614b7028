#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/model/aggregate.hpp"
#include "xylem/model/program.hpp"

namespace xylem {

/// A number for each element (r, c) of a tile: first + r * row + c * col.
struct TileMap {
  std::int64_t first = 0;
  std::int64_t row = 0;
  std::int64_t col = 0;
};

/// The state of several aggregates for each of `outputs` results: identity (construction), update, combine, and finalize(). But
/// for products of floats and fast sums the state does not depend on the order of updates and combinations, to the last bit.
///
/// Exact sums keep digits of base 2^52 in 64 bits each, in planes over a few hundred results, and only as many planes as the
/// values' exponents there ask for. Should all states outgrow `max_bytes`, construction, update and combine throw ResourceError,
/// and the accumulators are of no more use. The sums of integers are exact in either mode.
class Accumulators {
 public:
  /// States of no elements. The aggregates are over the program's values; `max_bytes`: what all states may take.
  Accumulators(const Program& program, const std::vector<Aggregate>& aggregates, std::int64_t outputs, SumMode mode,
               std::int64_t max_bytes);
  ~Accumulators();
  Accumulators(Accumulators&&) noexcept;
  Accumulators& operator=(Accumulators&&) noexcept;

  /// Adds a tile's elements: `values` as Evaluator::values(), `output` names the result of each element and `position` its place
  /// among the elements that are reduced (argmin, argmax, first_missing). At most Evaluator::max_tile elements. Fastest where an
  /// output's elements lie in one row, or where `output` is {first, 0, 1} with many rows; slow where neither stride is 0 or 1.
  void update(int rows, int cols, std::span<const void* const> values, const TileMap& output, const TileMap& position);

  /// Adds the state of other accumulators of the same program, aggregates and outputs.
  void combine(const Accumulators& other);

  /// The state as bytes, for another rank.
  [[nodiscard]] std::string pack() const;
  /// Adds such a state. Throws InternalError for one that is not of the same kind.
  void combine_packed(std::string_view packed);

  /// Frees what updates take besides the state (update_memory()), until the next one.
  void rest() noexcept;

  /// How many results each aggregate has.
  [[nodiscard]] std::int64_t outputs() const noexcept;
  /// Bytes that the state takes now; aggregate_memory() forecasts it.
  [[nodiscard]] std::int64_t memory() const noexcept;

  /// Writes the results of one reduction, outputs() elements of the finalizer's type, in native form (booleans one byte, float16
  /// two). Every float64 result of exact sums is the exact one rounded once; fast sums have the textbook formulas, and their
  /// cancellation. Returns the first output whose integer sum or
  /// product does not fit in the type, if any.
  [[nodiscard]] std::optional<std::int64_t> finalize(const Finalizer& finalizer, std::span<std::byte> out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xylem
