#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/exec/execute.hpp"
#include "xylem/plan/plan.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/progress.hpp"

#include "detail/block_runs.hpp"
#include "detail/block_stream.hpp"
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
  /// Runs the whole pass with the other ranks, reading in rounds: of each scan this rank has a share. Throws what reading threw
  /// on any rank, on every rank, and what evaluating threw on this one, once the others have done reading. Collective: yes; the
  /// one worker of each rank.
  void run_together(const Communicator& comm, Progress& progress);
  /// What is left when there are no more blocks.
  std::vector<TilePart> finish();

  [[nodiscard]] const RankTimes& times() const noexcept { return times_; }

 private:
  // What evaluating the blocks of a scan takes.
  struct ScanRun {
    const Scan& scan;
    std::vector<EvaluationRun> evaluations;
    EvaluationContext context;
  };

  void run_stored(const std::vector<ScanRange>& ranges, Progress& progress);
  void run_empty(const Scan& scan, const BlockRun& blocks, Progress& progress);
  ScanRun begin_scan(const Scan& scan, std::function<ArrayView(std::size_t dataset)> view);
  void evaluate(ScanRun& run, const Box& box, std::int64_t blocks, Progress& progress);
  void rest(const Scan& scan);
  void release_behind(const Scan& scan, const Box& box);
  void release_all(bool streamed);
  void release(std::size_t group);
  LiveTile& live_tile(std::size_t group, std::int64_t tile);

  const Plan& plan_;
  const Pass& pass_;
  const Intermediates& intermediates_;
  const Outlet& outlet_;
  RankTimes times_;
  FilePool files_;
  StreamBuffers buffers_;
  std::vector<std::map<std::int64_t, LiveTile>> live_;              // by group and tile
  std::map<std::pair<std::size_t, std::int64_t>, TilePart> parts_;  // by group and tile
  const Scan* scan_ = nullptr;                                      // whose blocks came last
  std::vector<Shape> places_{};  // by group: where they were along the axes that tiles are cut along
};

}  // namespace xylem::detail
