// The example of the documentation's first page: a folder of snapshots, one plan for two results.
#include <xylem/xylem.hpp>

#include <iostream>

int main(int argc, char** argv) {
  xylem::Session session(argc, argv);  // MPI and Kokkos
  return xylem::run_guarded(session.world(), [&] {
    xylem::DataManager data(session.world(), argv[1]);
    data.load("snapshots", {.loader = "hdf5_proxy", .glob_str = "snap_*.h5"});
    if (session.world().rank() == 0) std::cout << data.tree();

    const xylem::DataArrays arrays(session.world(), data, {"snapshots"});
    const xylem::Array t = arrays.concat("snapshots", "temperature", "time");
    const auto [mean, p99] = xylem::compute(session.world(), data.files(), t.mean("time"), t.sel("y", {-30, 30}).quantile(0.99));
    if (session.world().rank() == 0) std::cout << mean.values<double>().size() << " means, p99 " << p99.number() << "\n";
    return 0;
  });
}
