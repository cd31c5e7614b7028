// xylem plan: what reduce would do, for any number of ranks; nothing but metadata and coordinates is read.
#include "xylem/support/error.hpp"

#include "planned.hpp"

namespace xylem::drivers {
namespace {

int run(const Communicator& world, const po::variables_map& arguments) {
  std::optional<int> ranks;
  if (arguments.count("ranks") != 0) ranks = arguments["ranks"].as<int>();
  world.agree([&] {
    constexpr int most = 10'000'000;
    if (ranks && (*ranks < 1 || *ranks > most)) throw UsageError("--ranks is {}: it is from 1 to {}", *ranks, most);
  });
  ExpressionPlanner planner(world, arguments, "plan");
  Damage damage;
  return do_without(damage, world, arguments, [&] {
    const Planned planned = planner.plan(damage, ranks);
    print(world, world.rank() != 0              ? std::string()
                 : arguments.count("json") != 0 ? explain_json(planned.plan)
                                                : explain(planned.plan));
    return 0;
  });
}

}  // namespace

Command plan_command() {
  po::options_description options("Options");
  add_plan_options(options);
  // clang-format off
  options.add_options()
      ("ranks", po::value<int>()->value_name("N"), "the number of ranks to plan for. Default: as many as run this.")
      ("json", "print JSON")
      ("help,h", "print this help");
  // clang-format on
  return {"plan",
          "FILES... -e NAME=EXPR [-e NAME=EXPR]... [options]",
          "What reduce would read, in how many passes, by whom, with how much memory.",
          std::move(options),
          {"files"},
          run};
}

}  // namespace xylem::drivers
