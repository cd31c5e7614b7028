#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "xylem/exec/execute.hpp"
#include "xylem/plan/plan.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/progress.hpp"

#include "detail/block_runs.hpp"
#include "detail/evaluation_run.hpp"
#include "detail/intermediates.hpp"
#include "detail/merge.hpp"

namespace xylem::detail {

/// Accumulators for a tile of a group.
std::unique_ptr<Accumulators> make_state(const Plan& plan, const Pass& pass, std::size_t group, std::int64_t tile);

/// Gives finished values to where they go; called by several threads.
class Outlet {
 public:
  Outlet(const Plan& plan, const Pass& pass, Intermediates& intermediates, const ResultSink& sink)
      : plan_(plan), pass_(pass), intermediates_(intermediates), sink_(sink) {}

  /// Values of a result or an intermediate; adds to `seconds` what the sink took.
  void emit(const Destination& destination, const Box& box, std::span<const std::byte> values, double& seconds) const;
  /// All results of a tile that has got all its elements.
  void finish(std::size_t group, std::int64_t tile, const Accumulators& state, double& seconds) const;

 private:
  [[noreturn]] void fail_overflow(const ReductionGroup::Target& target, const Box& box, std::int64_t index) const;

  const Plan& plan_;
  const Pass& pass_;
  Intermediates& intermediates_;
  const ResultSink& sink_;
};

/// One thread's part of a pass: reads blocks, evaluates them, and keeps accumulators of the tiles that they touch.
class Worker {
 public:
  Worker(const Plan& plan, const Pass& pass, const Intermediates& intermediates, const Outlet& outlet)
      : plan_(plan), pass_(pass), intermediates_(intermediates), outlet_(outlet), live_(pass.groups.size()) {}

  /// Runs blocks that follow each other. Tiles of streamed groups that are not whole afterwards become parts.
  void run(const std::vector<ScanRange>& ranges, Progress& progress);
  /// What is left when there are no more blocks.
  std::vector<TilePart> finish();

  [[nodiscard]] const RankTimes& times() const noexcept { return times_; }

 private:
  void run_range(const ScanRange& range, Progress& progress);
  void run_empty(const Scan& scan, const BlockRun& blocks, Progress& progress);
  EvaluationContext context_with(std::function<ArrayView(std::size_t dataset)> view);
  std::vector<EvaluationRun> evaluations_of(const Scan& scan);
  static void evaluate(std::vector<EvaluationRun>& evaluations, const Scan& scan, const Box& block,
                       const EvaluationContext& context);
  void release_behind(const Scan& scan, const Box& block);
  void release_all(bool streamed);
  void release(std::size_t group);
  LiveTile& live_tile(std::size_t group, std::int64_t tile);

  const Plan& plan_;
  const Pass& pass_;
  const Intermediates& intermediates_;
  const Outlet& outlet_;
  RankTimes times_;
  FilePool files_;
  std::vector<std::map<std::int64_t, LiveTile>> live_;  // by group and tile
  std::vector<TilePart> parts_;
  const Scan* scan_ = nullptr;   // whose blocks came last
  std::vector<Shape> places_{};  // by group: where they were along the axes that tiles are cut along
};

}  // namespace xylem::detail
