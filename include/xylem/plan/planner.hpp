#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/model/metadata.hpp"
#include "xylem/plan/plan.hpp"

namespace xylem {

/// A result that is asked for.
struct NamedArray {
  std::string name;
  Array array;
};

/// The datasets that arrays are made of, each once, in order of file and path.
[[nodiscard]] std::vector<std::shared_ptr<const DatasetInfo>> datasets_of(const std::vector<NamedArray>& arrays);

/// Plans the computation of all results together. `storage` tells of each of datasets_of() what is stored. Throws ResourceError
/// where memory cannot do, naming the least limit that would, and UsageError for names of optimizer passes that
/// are none, for collective I/O with several threads or dynamic dealing, and for results of more elements than 63 bits count.
[[nodiscard]] Plan make_plan(const std::vector<NamedArray>& arrays, const std::vector<StorageSummary>& storage,
                             const PlanOptions& options);

}  // namespace xylem
