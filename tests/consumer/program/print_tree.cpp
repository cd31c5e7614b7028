// What a program on top of an installed xylem looks like: prints the tree of the files named.
#include <xylem/xylem.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  xylem::Session session(argc, argv);
  return xylem::run_guarded(session.world(), [&] {
    const xylem::Tree tree = xylem::load_tree(session.world(), {argv + 1, argv + argc});
    std::vector<std::string> problems;
    const std::string text = xylem::format_tree(tree, {}, problems);
    if (session.world().rank() == 0) std::fputs(text.c_str(), stdout);
    return 0;
  });
}
