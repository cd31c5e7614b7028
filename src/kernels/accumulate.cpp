#include "xylem/kernels/accumulate.hpp"

#include <algorithm>
#include <utility>

#include "xylem/support/contract.hpp"

#include "detail/accumulators_state.hpp"
#include "detail/native.hpp"

namespace xylem {

using namespace detail;

namespace {

std::vector<ElementType> types_of(const Program& program) {
  std::vector<ElementType> types;
  for (const ProgramValue& value : program.values) types.push_back(value.type);
  return types;
}

std::unique_ptr<AggregateState> make_state(MemoryBudget& budget, const Aggregate& aggregate, const std::vector<ElementType>& all,
                                           std::int64_t outputs, SumMode mode) {
  const bool custom = aggregate.kind == AggregateKind::custom;
  const std::size_t most = aggregate.kind == AggregateKind::sum ? 3 : aggregate.kind == AggregateKind::ranks ? 2 : 1;
  XYLEM_EXPECT(custom ? aggregate.values.size() == aggregate.custom->inputs().size()
                      : !aggregate.values.empty() && aggregate.values.size() <= most,
               "one value, of ranks up to two, of sums up to three, of custom as many as it takes");
  const int value = aggregate.values[0];
  const ElementType type = all.at(static_cast<std::size_t>(value));
  std::vector<ElementType> types;
  for (const int factor : aggregate.values) types.push_back(all.at(static_cast<std::size_t>(factor)));
  switch (aggregate.kind) {
    case AggregateKind::count: return std::make_unique<Counts>(budget, outputs, type, value);
    case AggregateKind::sum:
      if (mode == SumMode::fast && is_floating(std::ranges::max(types))) {
        return std::make_unique<FastSums>(budget, outputs, types, aggregate.values);
      }
      return std::make_unique<ExactSums>(budget, outputs, types, aggregate.values);
    case AggregateKind::product: return std::make_unique<Products>(budget, outputs, type, value);
    case AggregateKind::min: return make_extremes(budget, outputs, type, value, false);
    case AggregateKind::max: return make_extremes(budget, outputs, type, value, true);
    case AggregateKind::argmin: return std::make_unique<ExtremePositions>(budget, outputs, type, value, false);
    case AggregateKind::argmax: return std::make_unique<ExtremePositions>(budget, outputs, type, value, true);
    case AggregateKind::first_missing: return std::make_unique<FirstMissing>(budget, outputs, type, value);
    case AggregateKind::any: return std::make_unique<Truths>(budget, outputs, type, value, false);
    case AggregateKind::all: return std::make_unique<Truths>(budget, outputs, type, value, true);
    case AggregateKind::ranks: return std::make_unique<Ranks>(budget, outputs, type, aggregate);
    case AggregateKind::custom: return std::make_unique<CustomStates>(budget, outputs, aggregate);
  }
  throw InternalError("an unknown kind of aggregate");
}

// Where a tile's elements go along one dim, strides are easier to follow.
Tile simplified(Tile tile) {
  if (tile.cols == 1) {
    std::swap(tile.rows, tile.cols);
    tile.output = {tile.output.first, 0, tile.output.row};
    tile.position = {tile.position.first, 0, tile.position.row};
  }
  const auto goes_on = [&](const TileMap& map) { return map.row == tile.cols * map.col; };
  if (tile.rows == 1 || (goes_on(tile.output) && goes_on(tile.position))) {
    tile.cols *= std::exchange(tile.rows, 1);
    tile.output.row = tile.position.row = 0;
  }
  return tile;
}

// Whether rows and columns should change places: so that outputs lie one after the other, or for rows too short to sum.
bool wants_transposition(const Tile& tile) {
  constexpr int short_row = 32;
  return tile.rows > 1 && tile.output.row == 1 && tile.output.col != 1 && (tile.output.col != 0 || tile.cols < short_row);
}

template <class T>
void transpose(const void* from, int rows, int cols, std::byte* to) {
  const auto* x = static_cast<const T*>(from);
  auto* y = reinterpret_cast<T*>(to);
  for (int c = 0; c < cols; ++c) {
    for (int r = 0; r < rows; ++r) y[c * rows + r] = x[r * cols + c];
  }
}

void transpose(int size, const void* from, int rows, int cols, std::byte* to) {
  switch (size) {
    case 1: return transpose<std::uint8_t>(from, rows, cols, to);
    case 2: return transpose<std::uint16_t>(from, rows, cols, to);
    case 4: return transpose<std::uint32_t>(from, rows, cols, to);
    default: return transpose<std::uint64_t>(from, rows, cols, to);
  }
}

constexpr std::int64_t transposed_bytes = largest_tile * static_cast<std::int64_t>(sizeof(double));

// The forecast (aggregate_memory) is of these.
static_assert(SumPlanes::digit_bits == sum_digit_bits && ExactSums::block == sum_block_outputs);
static_assert(sizeof(SumPlanes) <= sum_block_bytes && sizeof(Product) <= product_bytes);
static_assert(Operands::scratch_bytes + transposed_bytes <= update_doubles * largest_tile * std::int64_t{sizeof(double)});
static_assert(ExactSums::scratch_bytes <= triple_doubles * largest_tile * std::int64_t{sizeof(double)});

}  // namespace

Accumulators::State::State(const Program& program, const std::vector<Aggregate>& all, std::int64_t num_outputs, SumMode sums,
                           std::int64_t max_bytes)
    : aggregates(all), types(types_of(program)), outputs(num_outputs), mode(sums), budget(max_bytes), operands(types) {
  for (const Aggregate& aggregate : aggregates) {
    states.push_back(make_state(budget, aggregate, types, outputs, mode));
    if (aggregate.kind == AggregateKind::min || aggregate.kind == AggregateKind::max) operands.want_extremes(aggregate.values[0]);
    used.insert(used.end(), aggregate.values.begin(), aggregate.values.end());
  }
  std::ranges::sort(used);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  transposed.resize(types.size());
}

Accumulators::Accumulators(const Program& program, const std::vector<Aggregate>& aggregates, std::int64_t outputs, SumMode mode,
                           std::int64_t max_bytes)
    : state_(std::make_unique<State>(program, aggregates, outputs, mode, max_bytes)) {}
Accumulators::~Accumulators() = default;
Accumulators::Accumulators(Accumulators&&) noexcept = default;
Accumulators& Accumulators::operator=(Accumulators&&) noexcept = default;

void Accumulators::update(int rows, int cols, std::span<const void* const> values, const TileMap& output,
                          const TileMap& position) {
  XYLEM_EXPECT(rows >= 0 && cols >= 0 && static_cast<std::int64_t>(rows) * cols <= largest_tile,
               "a tile of at most 2048 elements");
  if (rows == 0 || cols == 0) return;
  Tile tile = simplified({rows, cols, values, output, position, &state_->operands});
  std::vector<const void*> turned;
  if (wants_transposition(tile)) {
    turned.assign(values.begin(), values.end());
    for (const int value : state_->used) {
      const auto v = static_cast<std::size_t>(value);
      auto& to = state_->transposed[v];
      if (!to) to = std::make_unique<std::byte[]>(transposed_bytes);
      transpose(native_size(state_->types[v]), values[v], tile.rows, tile.cols, to.get());
      turned[v] = to.get();
    }
    std::swap(tile.rows, tile.cols);
    std::swap(tile.output.row, tile.output.col);
    std::swap(tile.position.row, tile.position.col);
    tile.values = turned;
  }
  state_->operands.reset(tile);
  for (const auto& state : state_->states) state->update(tile);
}

void Accumulators::combine(const Accumulators& other) {
  XYLEM_EXPECT(state_->aggregates == other.state_->aggregates && state_->outputs == other.state_->outputs &&
                   state_->types == other.state_->types && state_->mode == other.state_->mode,
               "accumulators of the same aggregates");
  other.state_->settle();
  for (std::size_t i = 0; i < state_->states.size(); ++i) state_->states[i]->combine(*other.state_->states[i]);
}

std::string Accumulators::pack() const {
  state_->settle();
  constexpr std::int64_t block_head = 8;  // of a block's planes, besides their digits
  Packer packer(memory() + memory() / (sum_block_outputs * 8) * block_head + 1024);
  packer.put(state_->outputs);
  packer.put(static_cast<std::uint8_t>(state_->mode));
  packer.put(static_cast<std::int32_t>(state_->aggregates.size()));
  for (std::size_t i = 0; i < state_->states.size(); ++i) {
    packer.put(static_cast<std::uint8_t>(state_->aggregates[i].kind));
    for (const int value : state_->aggregates[i].values) packer.put(static_cast<std::int32_t>(value));
    state_->states[i]->pack(packer);
  }
  return packer.take();
}

void Accumulators::combine_packed(std::string_view packed) {
  Unpacker unpacker(packed);
  const auto is_next = [&](auto expected) { return unpacker.get<decltype(expected)>() == expected; };
  XYLEM_EXPECT(is_next(state_->outputs) && is_next(static_cast<std::uint8_t>(state_->mode)) &&
                   is_next(static_cast<std::int32_t>(state_->aggregates.size())),
               "the packed state of accumulators of the same kind");
  for (std::size_t i = 0; i < state_->states.size(); ++i) {
    bool same = is_next(static_cast<std::uint8_t>(state_->aggregates[i].kind));
    for (const int value : state_->aggregates[i].values) same = same && is_next(static_cast<std::int32_t>(value));
    XYLEM_EXPECT(same, "the packed state of the same aggregates");
    state_->states[i]->combine_packed(unpacker);
  }
  XYLEM_EXPECT(unpacker.done(), "a packed state and nothing more");
}

void Accumulators::rest() noexcept {
  state_->operands.rest();
  for (auto& values : state_->transposed) values.reset();
  for (const auto& state : state_->states) state->rest();
}

std::int64_t Accumulators::outputs() const noexcept { return state_->outputs; }

std::int64_t Accumulators::memory() const noexcept { return state_->budget.used(); }

}  // namespace xylem
