#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/source.hpp"
#include "xylem/comm/communicator.hpp"
#include "xylem/tree/data_manager.hpp"

namespace xylem::detail {

/// The containers of a data manager's tree as arrays, by their paths; the coordinates of those that are named are read.
class JobData {
 public:
  /// `texts`: expressions in which the paths of all that will be asked for occur. The manager must outlive this.
  /// Collective: yes; all ranks pass the same.
  JobData(const Communicator& comm, const DataManager& data, const std::vector<std::string>& texts, bool decode_cf);

  /// The array at a path, with or without '/' in front; nothing where there is no container. Throws UsageError for one that is
  /// not numeric.
  [[nodiscard]] std::optional<Array> find(const std::string& path) const;
  /// The paths of all containers.
  [[nodiscard]] std::vector<std::string> paths() const;
  /// What was passed over, a line each.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  [[nodiscard]] Array array(const Container& container, const CoordinateReader& reader, std::vector<std::string>& notes) const;
  [[nodiscard]] const Container* container_at(const std::string& path) const;

  const DataManager& data_;
  bool decode_cf_;
  std::map<const DatasetInfo*, std::shared_ptr<const LabelValues>> coordinates_;
  std::vector<std::string> notes_;
};

}  // namespace xylem::detail
