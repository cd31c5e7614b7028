#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/exec/execute.hpp"
#include "xylem/plan/plan.hpp"
#include "xylem/support/timer.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// What runs: "xylem" (version and commit), "kokkos" (and its backend), "hdf5", "mpi".
[[nodiscard]] std::map<std::string, std::string> software_versions();

/// The same in one line.
[[nodiscard]] std::string versions_line();

/// What a result file says of itself (ResultFile::provenance): the versions, and `xylem_skipped` where files were left out, a
/// line each.
[[nodiscard]] std::map<std::string, std::string> provenance(const std::vector<SkippedFile>& skipped);

/// A line for a file's `history`, in netCDF's manner: the time (UTC), then the command, cut where it is longer than 8 KiB.
[[nodiscard]] std::string history_line(const std::string& command);

/// A report of one run as one JSON file, whole or not at all, also of a run that fails (docs/run-report.md). What a run did is
/// told piece by piece, on every rank alike unless said otherwise; run() writes the file.
class RunReport {
 public:
  /// `path`: the file to write, over any that has the name; empty: none, and all that is told is forgotten. Throws ResourceError
  /// where it cannot be made. Collective: yes.
  RunReport(const Communicator& world, std::string path, std::string command);
  ~RunReport();
  RunReport(const RunReport&) = delete;
  RunReport& operator=(const RunReport&) = delete;

  /// A stage begins here, and the one before it ends.
  void begin_stage(const std::string& name);
  /// Adds files that are read: their size and the time of their last change are those of now.
  void set_inputs(const std::vector<std::string>& files);
  /// Files that could not be read, and were left out.
  void set_skipped(const std::vector<SkippedFile>& files) { skipped_ = files; }
  /// Files that were written: their sizes are those at the end of the run.
  void set_outputs(const std::vector<std::string>& files) { outputs_ = files; }
  /// The plan, and with it the forecast and the stored bytes that it reads.
  void set_plan(const Plan& plan);
  /// What execute() returns.
  void set_times(const std::vector<RankTimes>& times) { times_ = times; }
  /// The most memory that a rank was to take above an idle process.
  void set_forecast(std::int64_t bytes) { forecast_bytes_ = bytes; }
  /// Bytes of data that are read: as stored, and decoded.
  void set_read(std::int64_t stored_bytes, std::int64_t decoded_bytes);

  /// Runs `body` and returns what it returns. The report is written when it ends, however it does; what it throws goes on. An
  /// error that not all ranks agree on is reported by the rank that it happened on. Throws ResourceError where the report cannot
  /// be written. Collective: yes.
  int run(const std::function<int()>& body);

 private:
  struct Stage {
    std::string name;
    double seconds = 0;
  };
  struct Memory {
    std::int64_t idle = 0;
    std::int64_t peak = 0;
  };

  void end_stage();
  [[nodiscard]] std::vector<Memory> gather_memory() const;
  [[nodiscard]] std::string to_json(int exit_code, const std::string& error, const std::vector<Memory>& memory) const;
  void write(const std::string& text);

  const Communicator& world_;
  std::string path_;
  std::string command_;
  std::string started_;
  Timer timer_;
  int descriptor_ = -1;
  std::int64_t idle_bytes_;

  std::vector<Stage> stages_;
  Timer stage_timer_;
  struct Input {
    std::string path;
    std::int64_t size;
    std::int64_t mtime_ns;
  };
  std::vector<Input> inputs_;
  std::vector<SkippedFile> skipped_;
  std::vector<std::string> outputs_;
  std::string plan_;
  std::vector<RankTimes> times_;
  std::optional<std::int64_t> forecast_bytes_, stored_bytes_, decoded_bytes_;
};

}  // namespace xylem
