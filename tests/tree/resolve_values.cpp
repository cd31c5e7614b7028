// Resolves every container of a file and writes what each rank then holds: resolve_values FILE OUTPUT partitioned|replicated
// [TYPE]. A line a container: path, type, starts, counts, bytes (hexadecimal), parted by tabs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <exception>
#include <fstream>

#include "xylem/comm/runtime.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/resolve.hpp"

using namespace xylem;

namespace {

void collect(const Group& group, std::vector<Container*>& containers) {
  for (const auto& member : group.members()) {
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) collect(*inner, containers);
    if (auto* container = dynamic_cast<Container*>(member.get())) containers.push_back(container);
  }
}

}  // namespace

int main(int argc, char** argv) {
  MpiRuntime runtime(argc, argv);
  const Communicator& world = runtime.world();
  return run_guarded(world, [&] {
    const Tree tree = load_tree(world, {argv[1]});
    std::vector<Container*> containers;
    collect(*tree.files[0].root, containers);
    ResolveOptions options;
    if (std::string(argv[3]) == "replicated") options.placement = Placement::replicated;
    if (argc > 4) options.dtype = find_element_type(argv[4]);
    resolve(world, containers, options);
    std::ofstream out(fmt::format("{}.{}", argv[2], world.rank()));
    for (const Container* container : containers) {
      const LocalArray& data = container->data();
      out << fmt::format("{}\t{}\t{}\t{}\t", container->path(), container->dtype().name(), fmt::join(data.place().start, " "),
                         fmt::join(data.place().count, " "));
      for (const std::byte byte : data.bytes()) out << fmt::format("{:02x}", static_cast<unsigned>(byte));
      out << '\n';
    }
    return 0;
  });
}
