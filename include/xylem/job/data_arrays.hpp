#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/combine.hpp"
#include "xylem/array/source.hpp"
#include "xylem/comm/communicator.hpp"
#include "xylem/tree/data_manager.hpp"

namespace xylem {

/// The containers of a data manager as lazy arrays, with the values of their coordinates. The manager must outlive it.
class DataArrays {
 public:
  /// Reads the coordinates of the containers that are going to be asked for: those whose paths occur in one of `texts` (paths, or
  /// expressions with paths in them), and those below a group whose path is one of `texts`. Throws DataError.
  /// Collective: yes; all ranks pass the same.
  DataArrays(const Communicator& comm, const DataManager& data, const std::vector<std::string>& texts, bool decode_cf = true);

  /// The array at a path, with or without '/' in front; nothing where there is no container. Throws UsageError for one that is
  /// not numeric.
  [[nodiscard]] std::optional<Array> find(const std::string& path) const;
  /// The same. Throws UsageError, with the nearest paths, where there is none.
  [[nodiscard]] Array get(const std::string& path) const;
  /// The containers at `field` in each member of a group as one array, as combine_group. Throws UsageError where there is no such
  /// group.
  [[nodiscard]] Array combine(const std::string& group, const GroupCombineOptions& options,
                              std::vector<std::string>* notes = nullptr) const;
  /// The states of a parameter sweep as one array, as combine_states.
  [[nodiscard]] Array combine(const std::string& group, const ParameterSpace& space, const StateCombineOptions& options,
                              std::vector<std::string>* notes = nullptr) const;
  /// The same one after the other along `dim`, with the labels that they have: a dim of theirs, or a new one that their members'
  /// names label.
  [[nodiscard]] Array concat(const std::string& group, const std::string& field, const std::string& dim) const;

  /// Leaves out files whose elements cannot be read: what they have is missing in what is combined, and an error (DataError)
  /// where it is asked for by its path. All ranks pass the same.
  void leave_out(const std::vector<SkippedFile>& files);

  /// The paths of all containers.
  [[nodiscard]] std::vector<std::string> paths() const;
  /// What was passed over, a line each.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  [[nodiscard]] Array array(const Container& container, const CoordinateReader& reader) const;
  [[nodiscard]] const Group& group_at(const std::string& path) const;
  [[nodiscard]] Array known_array(const Container& container) const;
  [[nodiscard]] bool is_left_out(const Container& container) const { return left_out_.contains(container.info().ref.file); }
  [[nodiscard]] Array part(const Container& container) const;

  const DataManager& data_;
  bool decode_cf_;
  std::map<const DatasetInfo*, std::shared_ptr<const LabelValues>> coordinates_;
  std::set<std::string> left_out_;
  std::vector<std::string> notes_;
};

}  // namespace xylem
