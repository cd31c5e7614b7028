// A program that fails in the ways the drivers can, for the tests of exit codes: MODE RANK, where MODE says how RANK fails.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "xylem/comm/runtime.hpp"

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  const xylem::Communicator& world = runtime.world();
  const std::string mode = argc > 1 ? argv[1] : "";
  const bool fails = argc > 2 && world.rank() == std::atoi(argv[2]);
  return xylem::run_guarded(world, [&] {
    const auto fail = [&] {
      if (fails) throw xylem::DataError("this rank met a damaged chunk");
    };
    if (mode == "agreed") world.agree(fail);
    if (mode == "escaped") fail();
    if (mode == "crashed" && fails) std::abort();
    if (mode == "foreign" && fails) throw std::runtime_error("nobody expected this");
    return static_cast<int>(world.all_gather("the others wait here").size()) - world.size();
  });
}
