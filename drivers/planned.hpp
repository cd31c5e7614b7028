#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "xylem/job/run_report.hpp"
#include "xylem/plan/planner.hpp"
#include "xylem/result/array.hpp"

#include "damage.hpp"

namespace xylem::drivers {

/// The options that `reduce` and `plan` share, under these names.
void add_plan_options(po::options_description& options);

/// What `reduce` runs and `plan` explains.
struct Planned {
  Plan plan;
  std::vector<ResultVariable> variables;
  std::vector<std::string> files;    ///< that are read
  std::vector<SkippedFile> skipped;  ///< that could not be, and were left out
};

/// What a command has to do with its plan.
struct PlanHooks {
  Damage& damage;     ///< is told the datasets; what it knows is planned without
  std::int64_t idle;  ///< resident bytes before anything was done
  /// Bytes that a rank will need beside the plan, with at most so many threads, for these results: made of these stored chunks,
  /// or of any where there are none.
  std::function<std::int64_t(const std::vector<ResultVariable>&, const std::vector<Shape>&, int threads)> memory_beside{};
  RunReport* report = nullptr;  ///< is told the stages, the inputs and the plan
};

/// Loads the tree, reads coordinates, and plans all expressions together, for as many ranks as `ranks` says (nothing: those that
/// run).
/// Collective: yes.
[[nodiscard]] Planned plan_expressions(const Communicator& world, const po::variables_map& arguments, const std::string& command,
                                       std::optional<int> ranks, const PlanHooks& hooks);

}  // namespace xylem::drivers
