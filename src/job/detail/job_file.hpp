#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xylem/output/result_writer.hpp"
#include "xylem/plan/plan.hpp"
#include "xylem/support/progress.hpp"
#include "xylem/tree/load_config.hpp"

#include "detail/job_combine.hpp"
#include "detail/job_yaml.hpp"

namespace xylem::detail {

/// What becomes of an operation that cannot be computed.
enum class FailureRule : std::uint8_t { stop, silent, log, warn };

/// A tag and the expression that it stands for.
struct JobOperation {
  std::string tag;
  std::string expression;
  std::string place;  ///< where it stands in the job file
  FailureRule failure = FailureRule::stop;
  std::string fallback{};  ///< an expression; empty: none
};

struct JobStore {
  std::string file;
  std::vector<std::string> tags;  ///< empty: all results
  std::string place{};
  Existing existing = Existing::refuse;
  ResultStorage storage{};
};

enum class TreeReport : std::uint8_t { none, full, condensed };

/// A job as its file says, checked as far as can be without reading data.
struct JobFile {
  JobYaml yaml;
  std::string data_dir{};  ///< absolute or relative to the working directory
  std::string out_dir{};
  PlanOptions options{};
  bool own_threads = true;  ///< as many as each rank has CPUs: use_own_threads()
  bool decode_cf = true;
  LoadConfig load{};
  std::vector<JobCombine> combine{};
  std::vector<JobOperation> operations{};  ///< define, select, transform: in the order in which they are made
  std::vector<std::string> results{};      ///< tags of operations
  std::vector<JobStore> stores{};
  std::string report{};  ///< file of the run report; empty: none
  TreeReport tree = TreeReport::none;
  double progress_seconds = Progress::default_interval;  ///< 0: none
};

/// Reads and checks a job. Throws UsageError with the place of what is wrong.
[[nodiscard]] JobFile read_job_file(const std::string& file, const std::string& text, const std::vector<std::string>& settings);

}  // namespace xylem::detail
