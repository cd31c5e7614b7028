// Prints the tree of files as JSON; what is wrong with labels goes to standard error.
#include <cstdio>
#include <exception>

#include "xylem/comm/runtime.hpp"
#include "xylem/tree/format.hpp"

int main(int argc, char** argv) {
  xylem::MpiRuntime runtime(argc, argv);
  try {
    const auto tree = xylem::load_tree(runtime.world(), {argv + 1, argv + argc});
    std::vector<std::string> problems;
    std::fputs(xylem::tree_json(tree, {}, problems).c_str(), stdout);
    for (const std::string& problem : problems) std::fprintf(stderr, "xylem: %s\n", problem.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xylem: %s\n", error.what());
    return 1;
  }
}
