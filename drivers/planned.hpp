#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
  std::vector<SkippedFile> skipped;  ///< that could not be, and were left out
};

/// Plans the expressions of a command line together.
class ExpressionPlanner {
 public:
  /// Bytes that a rank will need beside the plan, with at most so many threads, for these results: made of these stored chunks,
  /// or of any where there are none.
  using MemoryBeside = std::function<std::int64_t(const std::vector<ResultVariable>&, const std::vector<Shape>&, int threads)>;

  /// Reads the options and loads the tree. `report`, if given, is told the stages, the inputs and the plan.
  /// Collective: yes.
  ExpressionPlanner(const Communicator& world, const po::variables_map& arguments, const std::string& command,
                    RunReport* report = nullptr);
  ~ExpressionPlanner();

  /// The files that were asked for, and those that their links lead to, read or not.
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return inputs_; }

  /// Reads coordinates and plans, for as many ranks as `ranks` says (nothing: those that run), without what `damage` has of
  /// files; it is told the datasets that are going to be read. May be called again. Collective: yes.
  [[nodiscard]] Planned plan(Damage& damage, std::optional<int> ranks = {}, const MemoryBeside& beside = {});

 private:
  struct Options;

  const Communicator& world_;
  const std::int64_t idle_;  // resident bytes before anything was done
  const bool own_threads_;
  const std::unique_ptr<Options> options_;
  RunReport* const report_;
  Tree tree_;
  std::vector<std::string> inputs_;
};

}  // namespace xylem::drivers
