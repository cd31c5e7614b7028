// A driver of one's own: the mean over time of a variable of many files, to a netCDF file, and two numbers beside it.
#include <xylem/xylem.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  using namespace xylem;
  const Session session(argc, argv);
  const Communicator& world = session.world();
  return run_guarded(world, [&] {
    const Tree tree = load_tree(world, {argv + 1, argv + argc});
    Catalog data = open_catalog(world, tree, {"temperature"});
    const Array t = data.get("temperature");

    // One plan: every stored chunk is read once for all three.
    const auto [mean, spread, tropics] = compute(world, tree, t.mean("time"), t.std(), t.sel("y", {-30, 30}).mean());

    ResultWriter writer(world, "climatology.nc", {mean.variable}, "climatology");
    if (world.rank() == 0) {
      writer.write(0, {Shape(mean.variable.shape.size(), 0), mean.variable.shape}, mean.elements);
      std::printf("std %.17g, tropical mean %.17g\n", spread.number(), tropics.number());
    }
    writer.commit();
    return 0;
  });
}
