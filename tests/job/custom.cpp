// Functions and reductions of a program's own in plans, on several ranks, against operations that xylem has itself.
#include "xylem/array/custom.hpp"

#include <gtest/gtest.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "xylem/array/elementwise.hpp"
#include "xylem/job/compute.hpp"
#include "xylem/kernels/custom.hpp"
#include "xylem/kernels/exact_state.hpp"
#include "xylem/output/demo_data.hpp"

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Scale {
  double by;
  KOKKOS_FUNCTION double operator()(double x, double y) const { return by * x + y; }
};

// The exact sum and the number of elements, as one number.
template <bool mean>
struct ExactTotal {
  struct State {
    ExactState sum{};
    std::int64_t count = 0;
  };
  State identity() const { return {}; }
  void update(State& state, double x) const {
    state.sum.add(x);
    ++state.count;
  }
  void combine(State& state, const State& other) const {
    state.sum.add(other.sum);
    state.count += other.count;
  }
  double finalize(const State& state) const {
    return mean ? (state.count == 0 ? kNan : state.sum.round() / static_cast<double>(state.count)) : state.sum.round();
  }
};

// The same sum in a state of many bytes.
struct LargeTotal : ExactTotal<false> {
  struct State {
    ExactTotal<false>::State total{};
    char more[16 << 10]{};
  };
  State identity() const { return {}; }
  void update(State& state, double x) const { ExactTotal::update(state.total, x); }
  void combine(State& state, const State& other) const { ExactTotal::combine(state.total, other.total); }
  double finalize(const State& state) const { return ExactTotal::finalize(state.total); }
};

// The greatest sum of two float32 inputs.
struct Greatest {
  struct State {
    float value = -std::numeric_limits<float>::infinity();
    bool seen = false;
  };
  static State identity() { return {}; }
  static void update(State& state, float x, float y) {
    state.value = std::max(state.value, x + y);
    state.seen = true;
  }
  static void combine(State& state, const State& other) {
    state.value = std::max(state.value, other.value);
    state.seen = state.seen || other.seen;
  }
  static float finalize(const State& state) { return state.seen ? state.value : std::numeric_limits<float>::quiet_NaN(); }
};

struct Count {
  std::int64_t identity() const { return 0; }
  void update(std::int64_t& n, double) const { ++n; }
  void combine(std::int64_t& n, const std::int64_t& other) const { n += other; }
  std::int64_t finalize(const std::int64_t& n) const { return n; }
};

// Fails in one of its members.
struct Failing {
  enum class In { update, combine, finalize } in;
  struct State {
    std::int64_t n = 0;
  };
  State identity() const { return {}; }
  void update(State& state, double x) const {
    if (in == In::update && x > 300) throw std::runtime_error("an update failed");
    ++state.n;
  }
  void combine(State& state, const State& other) const {
    if (in == In::combine && state.n + other.n > 1000) throw std::runtime_error("a combination failed");
    state.n += other.n;
  }
  double finalize(const State& state) const {
    if (in == In::finalize) throw std::runtime_error("an end failed");
    return static_cast<double>(state.n);
  }
};

class CustomOperations : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::filesystem::temp_directory_path().string() + "/xylem_test_job_custom." + std::to_string(world().size());
    world().agree([] {
      if (world().rank() == 0) std::filesystem::remove_all(folder_);
    });
    DemoDataOptions options;
    options.directory = folder_;
    options.size_bytes = 1 << 20;
    options.files = 3;
    options.chunk_bytes = 8 << 10;
    tree_ = new Tree(load_tree(world(), write_demo_data(world(), options)));
    Catalog catalog = open_catalog(world(), *tree_, {"/atm/temperature", "/atm/rain", "/ocean/particles"});
    temperature_ = new Array(catalog.get("/atm/temperature"));
    rain_ = new Array(catalog.get("/atm/rain"));
    particles_ = new Array(catalog.get("/ocean/particles"));
  }
  static void TearDownTestSuite() {
    delete tree_;
    delete temperature_;
    delete rain_;
    delete particles_;
    world().agree([] {
      if (world().rank() == 0) std::filesystem::remove_all(folder_);
    });
  }

  static std::vector<ComputedArray> computed(const std::vector<Array>& arrays, PlanOptions options = {}) {
    std::vector<NamedArray> named;
    for (const Array& array : arrays) named.push_back({"r" + std::to_string(named.size()), array});
    if (options.memory_limit == 0) options.memory_limit = std::int64_t{1} << 30;
    return compute(world(), *tree_, named, options);
  }

  // All pairs are the same bytes, however they are computed.
  static void expect_pairs(const std::vector<Array>& arrays) {
    std::vector<ComputedArray> first;
    for (const int threads : {1, 2}) {
      for (const Schedule schedule : {Schedule::static_dealing, Schedule::dynamic_dealing}) {
        for (const std::int64_t block : {std::int64_t{1} << 19, std::int64_t{1} << 13}) {
          PlanOptions options;
          options.threads = threads;
          options.schedule = schedule;
          options.block_bytes = block;
          const auto results = computed(arrays, options);
          for (std::size_t i = 0; i < results.size(); i += 2) {
            EXPECT_EQ(results[i].variable.dtype, results[i + 1].variable.dtype) << i;
            EXPECT_EQ(results[i].elements, results[i + 1].elements) << i << " threads " << threads << " block " << block;
          }
          if (first.empty()) first = results;
          for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].elements, first[i].elements) << i;
        }
      }
    }
  }

  static std::string folder_;
  static Tree* tree_;
  static Array* temperature_;
  static Array* rain_;
  static Array* particles_;
};

std::string CustomOperations::folder_;
Tree* CustomOperations::tree_ = nullptr;
Array* CustomOperations::temperature_ = nullptr;
Array* CustomOperations::rain_ = nullptr;
Array* CustomOperations::particles_ = nullptr;

TEST_F(CustomOperations, GiveWhatBuiltInOnesGive) {
  const Array &t = *temperature_, &rain = *rain_, &particles = *particles_;
  const auto scale = custom_function("scale", Scale{1.5});
  const auto sum = custom_reduction("sum", ExactTotal<false>{});
  const auto count = custom_reduction("count", Count{});
  const auto greatest = custom_reduction("greatest", Greatest{});
  const Array own = apply(scale, {t, rain}), same = 1.5 * t.astype(ElementType::float64) + rain;
  const Array cast = apply(scale, {particles, 2});
  ReduceOptions kept;
  kept.keepdims = true;
  expect_pairs({
      own,
      same,  // as it is
      reduce(sum, {own}),
      same.sum(),  // over everything
      reduce(sum, {own}, "time"),
      same.sum("time"),  // rows apart
      reduce(sum, {own}, {"time", "x"}),
      same.sum({"time", "x"}),  // a dim in between kept
      reduce(sum, {own}, {"y", "x"}, kept),
      same.sum({"y", "x"}, kept),                            // dims kept
      reduce(count, {t.isel("time", Slice{0, 0})}, "time"),  // of nothing
      t.isel("time", Slice{0, 0}).count("time"),
      reduce(count, {t}, "x"),
      t.count("x"),  // missing elements left out
      cast.isel("time", 5),
      (1.5 * particles.astype(ElementType::float64) + 2).isel("time", 5),
      reduce(sum, {particles}, "y").isel("time", -1),
      particles.astype(ElementType::float64).sum("y").isel("time", -1),
      own - reduce(sum, {own}, "time"),
      same - same.sum("time"),  // of what an earlier pass found
      reduce(sum, {apply(scale, {t.mean("time"), 1.0})}),
      (1.5 * t.mean("time") + 1.0).sum(),
      reduce(greatest, {t, t.mean("time").astype(ElementType::float32)}, "x"),
      (t + t.mean("time").astype(ElementType::float32)).max("x"),
  });
}

TEST_F(CustomOperations, SeeMissingElementsWithoutSkipna) {
  ReduceOptions all;
  all.skipna = false;
  const auto count = custom_reduction("count", Count{});
  const auto results = computed({reduce(count, {*temperature_}, {}, all), reduce(count, {*temperature_}), temperature_->count(),
                                 reduce(custom_reduction("sum", ExactTotal<false>{}), {*temperature_}, {}, all)});
  EXPECT_EQ(results[0].values<std::int64_t>()[0], *num_elements(temperature_->shape()));
  EXPECT_EQ(results[1].elements, results[2].elements);
  EXPECT_LT(results[1].values<std::int64_t>()[0], results[0].values<std::int64_t>()[0]);
  EXPECT_TRUE(std::isnan(results[3].number()));
}

TEST_F(CustomOperations, ShareReadsAndStates) {
  const auto scale = custom_function("scale", Scale{1.5});
  const auto mean = custom_reduction("mean", ExactTotal<true>{});
  const auto another = custom_reduction("mean", ExactTotal<true>{});
  const Array& t = *temperature_;
  const auto array = [&](const auto& by) { return reduce(by, {apply(scale, {t, 0.0})}, "time"); };
  PlanOptions options;
  options.memory_limit = std::int64_t{1} << 30;
  const Plan plan = plan_arrays(world(), *tree_,
                                {{"a", array(mean)}, {"b", array(mean)}, {"c", t.mean("time")}, {"d", array(another)}}, options);
  ASSERT_EQ(plan.passes.size(), 1u);
  ASSERT_EQ(plan.passes[0].groups.size(), 1u);
  // One state for `a` and `b`, one for `d`, two of c's mean; the function is evaluated once.
  EXPECT_EQ(plan.passes[0].groups[0].aggregates.size(), 4u);
  for (const Scan& scan : plan.passes[0].scans) {
    for (const Evaluation& evaluation : scan.evaluations) {
      EXPECT_EQ(std::ranges::count_if(evaluation.program.values,
                                      [](const ProgramValue& value) {
                                        const auto* apply = std::get_if<ApplyValue>(&value.kind);
                                        return apply != nullptr && apply->custom != nullptr;
                                      }),
                1);
    }
  }
}

// States count in the forecast: where those of all outputs do not fit, there are bands.
TEST_F(CustomOperations, FitIntoMemory) {
  const auto sum = custom_reduction("sum", LargeTotal{});
  const Array &t = *temperature_, own = reduce(sum, {t}, "time");
  const std::int64_t states = *num_elements(own.shape()) * static_cast<std::int64_t>(sizeof(LargeTotal::State));
  ASSERT_GT(states, std::int64_t{4} << 20);
  PlanOptions options;
  options.memory_limit = std::int64_t{1} << 32;
  options.without = {"column-order"};
  const std::vector<NamedArray> named{{"own", own}, {"all", t.sum("time")}};
  const Plan ample = plan_arrays(world(), *tree_, named, options);
  ASSERT_EQ(ample.passes.size(), 1u);
  EXPECT_GT(ample.memory, states);
  options.memory_limit = ample.memory * 3 / 4;
  EXPECT_GT(plan_arrays(world(), *tree_, named, options).passes.size(), 1u);
  const auto results = computed({own, t.sum("time")}, options);
  EXPECT_EQ(results[0].elements, results[1].elements);
}

TEST_F(CustomOperations, ErrorsEndAllRanks) {
  const Array& t = *temperature_;
  const auto message_of = [&](const Array& array, int threads, Schedule schedule) {
    PlanOptions options;
    options.threads = threads;
    options.schedule = schedule;
    try {
      computed({array, t.mean()}, options);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto hot = custom_function("hot", [](double x) {
    if (x > 300) throw std::runtime_error("too warm");
    return x;
  });
  for (const int threads : {1, 2}) {
    for (const Schedule schedule : {Schedule::static_dealing, Schedule::dynamic_dealing}) {
      const auto fails = [&](const Array& array, const std::string& text) {
        const std::string message = message_of(array, threads, schedule);
        EXPECT_NE(message.find(text), std::string::npos) << message;
      };
      fails(apply(hot, {t}).sum("time"), "hot() failed (too warm) (in block [");
      const auto failing = [&](Failing::In in) { return reduce(custom_reduction("failing", Failing{in}), {t}); };
      fails(failing(Failing::In::update), "failing() failed (an update failed)");
      fails(failing(Failing::In::finalize), "failing() failed (an end failed)");
      // One worker may have been quick enough to take all that is dealt dynamically.
      if (threads * world().size() > 1 && schedule == Schedule::static_dealing) {
        fails(failing(Failing::In::combine), "failing() failed (a combination failed)");
      }
    }
  }
}

TEST_F(CustomOperations, RefuseWhatCannotBeMeant) {
  const auto scale = custom_function("scale", Scale{1.5});
  const auto narrow = custom_function("narrow", [](float x) { return x; });
  const auto message_of = [](const auto& make) {
    try {
      static_cast<void>(make());
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message_of([&] { return apply(scale, {*temperature_}); }), "scale() takes 2 inputs, not 1");
  EXPECT_EQ(message_of([&] { return apply(narrow, {temperature_->astype(ElementType::float64)}); }),
            "input 1 of narrow() is float64, not all of which float32 holds; convert it with astype first");
  EXPECT_EQ(message_of([&] { return apply(scale, {1, 2.0}); }), "scale() of numbers alone is no array; call the functor itself");
  const auto count = custom_reduction("count", Count{});
  EXPECT_EQ(message_of([&] { return reduce(count, {*temperature_}, {}, {.min_count = 2}); }),
            "count() takes skipna and keepdims, and no other option");
  EXPECT_NE(message_of([&] { return reduce(count, {*temperature_}, "tim"); }), "");
}

class KokkosRuntime : public testing::Environment {
  void SetUp() override { Kokkos::initialize(); }
  void TearDown() override { Kokkos::finalize(); }
};
const auto* const kokkos = testing::AddGlobalTestEnvironment(new KokkosRuntime);

}  // namespace
