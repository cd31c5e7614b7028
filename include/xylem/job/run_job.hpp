#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"

namespace xylem {

/// What to run.
struct JobRequest {
  std::string file;                   ///< the job file (docs/jobs.md)
  std::vector<std::string> settings;  ///< "key.key=VALUE", VALUE as YAML: they override what the file says
  std::string command;                ///< the command line, for the results' history and the report
  bool dry_run = false;               ///< load and plan, and print the plan; nothing is computed
  std::optional<int> ranks{};         ///< of the plan of a dry run; default: those that run
};

/// Runs a job: loads what it says, plans all its results together, computes them, writes their files and the report. `print`
/// takes what is for standard output, on all ranks alike (the text of rank 0 counts). Everything in the file is checked before
/// any data is read. Throws UsageError with file, line and column for what is wrong in it; otherwise as
/// DataManager::load_from_cfg, make_plan, execute and ResultWriter. Collective: yes; all ranks pass the same.
void run_job(const Communicator& comm, const JobRequest& request, const std::function<void(const std::string&)>& print);

}  // namespace xylem
