// A function and a reduction of one's own, in one plan with those of xylem.
#include <xylem/xylem.hpp>

#include <Kokkos_Core.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>

// Element-wise: x / (scale + |x|).
struct Saturate {
  double scale;
  KOKKOS_FUNCTION double operator()(double x) const { return x / (scale + std::fabs(x)); }
};

// The harmonic mean, from an exact sum of reciprocals: the same bits for any number of ranks and threads.
struct HarmonicMean {
  struct State {
    xylem::ExactState sum{};
    std::int64_t count = 0;
  };
  KOKKOS_FUNCTION State identity() const { return {}; }
  KOKKOS_FUNCTION void update(State& state, double x) const {
    state.sum.add(1 / x);
    ++state.count;
  }
  KOKKOS_FUNCTION void combine(State& state, const State& other) const {
    state.sum.add(other.sum);
    state.count += other.count;
  }
  double finalize(const State& state) const {
    const auto count = static_cast<double>(state.count);
    return state.count == 0 ? std::numeric_limits<double>::quiet_NaN() : count / state.sum.round();
  }
};

// own_operations THREADS OUTPUT FILE...
int main(int argc, char** argv) {
  using namespace xylem;
  const Session session(argc, argv);
  const Communicator& world = session.world();
  return run_guarded(world, [&] {
    const Tree tree = load_tree(world, {argv + 3, argv + argc});
    const Array t = open_catalog(world, tree, {"temperature"}).get("temperature");

    const auto saturate = custom_function("saturate", Saturate{250});
    const auto harmonic_mean = custom_reduction("harmonic_mean", HarmonicMean{});
    const Array saturated = apply(saturate, {t - 30});
    PlanOptions options;
    options.threads = std::atoi(argv[1]);
    const auto results = compute(world, tree,
                                 {{"saturated", saturated},
                                  {"mean", saturated.mean("time")},
                                  {"harmonic", reduce(harmonic_mean, {t}, "time")},
                                  {"harmonic_rows", reduce(harmonic_mean, {saturated}, {"y", "x"})},
                                  {"harmonic_all", reduce(harmonic_mean, {t})}},
                                 options);

    std::vector<ResultVariable> variables;
    for (const ComputedArray& result : results) variables.push_back(result.variable);
    ResultWriter writer(world, argv[2], variables, "own_operations", {.existing = Existing::overwrite});
    for (std::size_t i = 0; i < results.size() && world.rank() == 0; ++i) {
      writer.write(i, {Shape(variables[i].shape.size(), 0), variables[i].shape}, results[i].elements);
    }
    writer.commit();
    return 0;
  });
}
