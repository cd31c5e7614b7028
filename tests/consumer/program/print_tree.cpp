// What a program on top of one layer of an installed xylem looks like: prints the tree of the files named.
#include <xylem/comm/runtime.hpp>
#include <xylem/tree/format.hpp>
#include <xylem/tree/load.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  xylem::MpiRuntime mpi(argc, argv);
  return xylem::run_guarded(mpi.world(), [&] {
    const xylem::Tree tree = xylem::load_tree(mpi.world(), {argv + 1, argv + argc});
    std::vector<std::string> problems;
    const std::string text = xylem::format_tree(tree, {}, problems);
    if (mpi.world().rank() == 0) std::fputs(text.c_str(), stdout);
    return 0;
  });
}
