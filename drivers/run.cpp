// xylem run: a whole analysis from a job file.
#include <fmt/format.h>

#include "xylem/job/keys.hpp"
#include "xylem/job/run_job.hpp"
#include "xylem/support/error.hpp"

#include "command.hpp"

namespace xylem::drivers {
namespace {

// The keys of job files as docs/jobs.md shows them.
std::string key_tables() {
  std::string text;
  for (const JobSection& section : job_sections()) {
    text += fmt::format("### `{}`\n\n| key | value | meaning |\n|---|---|---|\n", section.name);
    for (const JobKey& key : section.keys) text += fmt::format("| `{}` | {} | {} |\n", key.name, key.value, key.meaning);
    text += "\n";
  }
  return text;
}

int run(const Communicator& world, const po::variables_map& arguments) {
  if (arguments.count("keys") != 0) {
    print(world, key_tables());
    return 0;
  }
  JobRequest request;
  world.agree([&] {
    const auto files = arguments["job"].as<std::vector<std::string>>();
    if (files.size() != 1) throw UsageError("xylem run takes one job file, not {}; see xylem run --help", files.size());
    request.file = files[0];
    if (arguments.count("set") != 0) request.settings = arguments["set"].as<std::vector<std::string>>();
    request.command = arguments["command"].as<std::string>();
    request.dry_run = arguments.count("dry-run") != 0;
    if (arguments.count("ranks") != 0) {
      if (!request.dry_run) throw UsageError("--ranks is for --dry-run: a run has the ranks that mpirun starts");
      request.ranks = arguments["ranks"].as<int>();
      if (*request.ranks < 1) throw UsageError("--ranks is {}: it is at least 1", *request.ranks);
    }
  });
  run_job(world, request, [&](const std::string& text) { print(world, text); });
  return 0;
}

}  // namespace

Command run_command() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("KEY.KEY=VALUE"),
       "override what the file says, such as resources.memory_per_rank=2GiB; VALUE is YAML, an entry of a list is named by its number; may be repeated.")
      ("dry-run", "load and plan, print the plan, compute nothing.")
      ("ranks", po::value<int>()->value_name("N"), "with --dry-run: plan for this many ranks.")
      ("keys", "print the keys that job files may have.")
      ("verbose,V", "say on standard error what happens")
      ("help,h", "print this help");
  // clang-format on
  return {"run",
          "JOB.yml [options]",
          "A whole analysis from a file: what to load, to compute and to store.",
          std::move(options),
          {"job"},
          run};
}

}  // namespace xylem::drivers
