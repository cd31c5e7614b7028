// Functions and reductions of a program's own, in evaluators and accumulators, against one element at a time.
#include "xylem/kernels/custom.hpp"

#include <gtest/gtest.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <thread>

#include "xylem/kernels/accumulate.hpp"
#include "xylem/kernels/evaluate.hpp"
#include "xylem/kernels/exact_state.hpp"
#include "xylem/kernels/exact_sum.hpp"
#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ProgramInput stored(TypeClass kind, int size) { return {{kind, size}, {}}; }
const ProgramInput float32_input = stored(TypeClass::floating, 4), float64_input = stored(TypeClass::floating, 8),
                   int32_input = stored(TypeClass::integer, 4);

struct Saturate {
  double scale = 2;
  KOKKOS_FUNCTION double operator()(double x, float y, bool add) const noexcept {
    const double sum = add ? x + static_cast<double>(y) : x;
    return sum / (scale + std::fabs(sum));
  }
};

// The exact sum of x times the least y, and how many there are.
struct Mixed {
  struct State {
    ExactState sum{};
    std::int32_t least = std::numeric_limits<std::int32_t>::max();
    std::int8_t any = 0;
  };
  State identity() const { return {}; }
  static void update(State& state, double x, std::int32_t y) {
    state.sum.add(x);
    state.least = std::min(state.least, y);
    state.any = 1;
  }
  void combine(State& state, const State& other) const noexcept {
    state.sum.add(other.sum);
    state.least = std::min(state.least, other.least);
    state.any |= other.any;
  }
  double finalize(const State& state) const { return state.any == 0 ? kNan : state.sum.round() * state.least; }
};

struct Throwing {
  double operator()(double x) const {
    if (x > 2000) throw std::runtime_error("too warm");
    if (x < -2000) throw UsageError("too cold");
    if (x == 1000.5) throw 42;  // NOLINT: programs may do that
    return x;
  }
};

TEST(CustomFunction, HasTheTypesOfItsFunctor) {
  const auto function = custom_function("saturate", Saturate{});
  EXPECT_EQ(function->name(), "saturate");
  EXPECT_EQ(function->inputs(), (std::vector{ElementType::float64, ElementType::float32, ElementType::boolean}));
  EXPECT_EQ(function->result(), ElementType::float64);
  const auto lambda = custom_function("low", [](std::uint16_t x, long long y) { return x < y; });
  EXPECT_EQ(lambda->inputs(), (std::vector{ElementType::uint16, ElementType::int64}));
  EXPECT_EQ(lambda->result(), ElementType::boolean);
  EXPECT_EQ(evaluate(*lambda, std::vector<Number>{std::uint64_t{3}, std::int64_t{4}}), Number(std::uint64_t{1}));
  const auto reduction = custom_reduction("mixed", Mixed{});
  EXPECT_EQ(reduction->inputs(), (std::vector{ElementType::float64, ElementType::int32}));
  EXPECT_EQ(reduction->state_bytes(), static_cast<std::int64_t>(sizeof(Mixed::State)));
}

TEST(CustomFunction, IsEvaluatedInPrograms) {
  std::mt19937 random(1);
  std::vector<float> x(2000);
  for (float& value : x) value = std::uniform_real_distribution<float>(-5, 5)(random);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  const auto function = custom_function("saturate", Saturate{0.5});
  Program program;
  program.inputs.push_back(float32_input);
  program.values.push_back({ElementType::float32, InputValue{0}});
  program.values.push_back({ElementType::boolean, ConstantValue{std::uint64_t{1}}});
  const OperationTypes types{function->inputs(), function->result()};
  program.values.push_back({ElementType::float64, ApplyValue{Operation::custom, types, {0, 0, 1}, function}});
  for (const auto& [rows, cols] : {std::pair{1, 2000}, {50, 40}, {2000, 1}}) {
    Evaluator evaluator(program);
    const InputView view{reinterpret_cast<const std::byte*>(x.data()), cols * 4, 4};
    evaluator.evaluate(rows, cols, {&view, 1});
    const auto* result = static_cast<const double*>(evaluator.values()[2]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = Saturate{0.5}(static_cast<double>(x[i]), x[i], true);
      if (i == 3) {
        EXPECT_TRUE(std::isnan(result[i]));
      } else {
        ASSERT_EQ(result[i], expected) << i;
      }
    }
  }
}

TEST(CustomFunction, ErrorsComeOut) {
  const auto function = custom_function("throwing", Throwing{});
  std::vector<double> x(2048), out(x.size());
  const auto message_with = [&](double value) {
    std::ranges::fill(x, 1.0);
    x[1500] = value;
    const void* in = x.data();
    try {
      function->evaluate({&in, 1}, static_cast<std::int64_t>(x.size()), out.data());
    } catch (const DataError& error) {
      return std::string("data: ") + error.what();
    } catch (const UsageError& error) {
      return std::string("usage: ") + error.what();
    }
    return std::string();
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(message_with(1), "");
    EXPECT_EQ(message_with(3000), "data: throwing() failed (too warm)");
    EXPECT_EQ(message_with(-3000), "usage: too cold");
    EXPECT_EQ(message_with(1000.5), "data: throwing() failed (it threw what is no std::exception)");
  }
  std::thread([&] { EXPECT_EQ(message_with(3000), "data: throwing() failed (too warm)"); }).join();
}

// Tiles of random shapes into random outputs, split between two accumulators and combined in either way.
TEST(CustomReduction, AccumulatesAndCombines) {
  std::mt19937 random(2);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  const auto reduction = custom_reduction("mixed", Mixed{});
  Program program;
  program.inputs = {float64_input, int32_input};
  program.values.push_back({ElementType::float64, InputValue{0}});
  program.values.push_back({ElementType::int32, InputValue{1}});
  for (const bool skipna : {true, false}) {
    const std::vector<Aggregate> aggregates{{AggregateKind::custom, {0, 1}, 0, 0, reduction, skipna}};
    constexpr std::int64_t outputs = 97;
    std::vector<std::vector<Number>> lists(2 * outputs);  // of each output its x, then its y
    Accumulators first(program, aggregates, outputs, SumMode::exact, 1 << 20);
    Accumulators second(program, aggregates, outputs, SumMode::exact, 1 << 20);
    EXPECT_EQ(first.memory(), outputs * reduction->state_bytes());
    EXPECT_GE(aggregate_memory(program, aggregates, outputs, SumMode::exact, Spread::usual), first.memory());
    for (int tile = 0; tile < 300; ++tile) {
      const TileMap maps[]{{below(90), 0, 0}, {below(50), 0, 1}, {below(40), 1, 0}, {below(10), 10, 1}, {below(4), 3, 5}};
      const TileMap& map = maps[below(5)];
      const int rows = 1 + below(6), cols = 1 + below(7);
      std::vector<double> x(static_cast<std::size_t>(rows * cols));
      std::vector<std::int32_t> y(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = below(20) == 0 ? kNan : std::ldexp(below(1000) - 500, below(200) - 100);
        y[i] = below(2000) - 1000;
        const auto r = static_cast<std::int64_t>(i) / cols, c = static_cast<std::int64_t>(i) % cols;
        const auto output = static_cast<std::size_t>(map.first + r * map.row + c * map.col);
        lists[2 * output].emplace_back(x[i]);
        lists[2 * output + 1].emplace_back(std::int64_t{y[i]});
      }
      const void* values[]{x.data(), y.data()};
      (below(2) == 0 ? first : second).update(rows, cols, values, map, {});
    }
    if (skipna) {
      first.combine(second);
    } else {
      first.combine_packed(second.pack());
    }
    Finalizer finalizer;
    finalizer.reduction = Reduction::custom;
    finalizer.result = ElementType::float64;
    finalizer.skipna = skipna;
    finalizer.aggregates = {0};
    std::vector<double> results(outputs);
    EXPECT_EQ(first.finalize(finalizer, std::as_writable_bytes(std::span(results))), std::nullopt);
    for (std::size_t i = 0; i < outputs; ++i) {
      const double expected = std::get<double>(reduce(*reduction, {lists[2 * i], lists[2 * i + 1]}, skipna));
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(results[i]));
      } else {
        EXPECT_EQ(std::memcmp(&results[i], &expected, sizeof expected), 0) << i;
      }
    }
  }
}

TEST(CustomReduction, StatesAreWithinTheirMemory) {
  const auto reduction = custom_reduction("mixed", Mixed{});
  Program program;
  program.inputs = {float64_input, int32_input};
  program.values.push_back({ElementType::float64, InputValue{0}});
  program.values.push_back({ElementType::int32, InputValue{1}});
  const std::vector<Aggregate> aggregates{{AggregateKind::custom, {0, 1}, 0, 0, reduction}};
  EXPECT_THROW(Accumulators(program, aggregates, 1000, SumMode::exact, 1000), ResourceError);
}

TEST(ExactState, IsExactInAnyOrder) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> values(1000);
    for (double& value : values) {
      const auto bits = random();
      value = std::bit_cast<double>(bits);
      if (!std::isfinite(value) || round % 2 == 0) value = std::ldexp(static_cast<double>(bits >> 11), -30) - 1e6;
    }
    ExactSum expected(ExactSum::double_range);
    ExactState forward, halves[2];
    for (const double value : values) {
      expected.add(value);
      forward.add(value);
    }
    std::ranges::shuffle(values, random);
    for (std::size_t i = 0; i < values.size(); ++i) halves[i % 2].add(values[i]);
    halves[1].normalize();
    halves[0].add(halves[1]);
    EXPECT_EQ(forward.round(), expected.round());
    EXPECT_EQ(halves[0].round(), expected.round());
  }
}

// However it came by them, a state does not let carries wait for ever.
TEST(ExactState, NormalizesInTime) {
  constexpr std::uint32_t most = std::uint32_t{1} << 27;
  ExactState full, sum;
  full.add(1.5);
  full.pending = most - 1;
  sum.add(2.5);
  sum.add(full);
  sum.add(4.0);
  EXPECT_LT(sum.pending, most);
  EXPECT_EQ(sum.round(), 8.0);
}

TEST(ExactState, KnowsWhatIsNoNumber) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  ExactState sum;
  EXPECT_EQ(sum.round(), 0.0);
  sum.add(1e308);
  sum.add(1e308);
  EXPECT_EQ(sum.round(), infinity);
  sum.add(-1e308);
  sum.add(-1e308);
  sum.add(5e-324);
  EXPECT_EQ(sum.round(), 5e-324);
  sum.add(-infinity);
  EXPECT_EQ(sum.round(), -infinity);
  ExactState other;
  other.add(infinity);
  sum.add(other);
  EXPECT_TRUE(std::isnan(sum.round()));
  ExactState missing;
  missing.add(kNan);
  EXPECT_TRUE(std::isnan(missing.round()));
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const Kokkos::ScopeGuard kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
