#pragma once

#include <span>

namespace xylem {

/// A key that a part of a job file may have.
struct JobKey {
  const char* name;
  const char* value;    ///< what it takes
  const char* meaning;  ///< and its default
};

/// A part of a job file: a mapping with these keys.
struct JobSection {
  const char* name;  ///< where it stands: "resources", "store[]"
  std::span<const JobKey> keys;
};

/// All parts of a job file but the entries of `load`, which are DataManager's. docs/jobs.md shows this table.
[[nodiscard]] std::span<const JobSection> job_sections() noexcept;

/// The part of this name. Throws InternalError where there is none.
[[nodiscard]] const JobSection& job_section(const char* name);

}  // namespace xylem
