#pragma once

#include <optional>
#include <string>

#include "xylem/model/label_values.hpp"
#include "xylem/model/metadata.hpp"

namespace xylem::detail {

/// What stands in the root group of a file that results are added to.
class ExistingFile {
 public:
  /// Reads the file's metadata. Throws as scan_file.
  explicit ExistingFile(const std::string& path);

  [[nodiscard]] const std::string& path() const noexcept { return metadata_.file; }
  /// The object of this name, or null.
  [[nodiscard]] const ObjectInfo* find(const std::string& name) const;
  /// The dataset of this name that is a dim (a dimension scale with one dim), or null.
  [[nodiscard]] const DatasetInfo* find_dim(const std::string& name) const;
  /// The values of a dataset of at most one dim; nothing where it has others, or values that labels cannot be, or is a dim
  /// without a variable. Throws DataError.
  [[nodiscard]] std::optional<LabelValues> values(const DatasetInfo& dataset) const;
  /// An attribute of the file, where it is one text.
  [[nodiscard]] std::optional<std::string> attribute(const std::string& name) const;

 private:
  FileMetadata metadata_;
};

}  // namespace xylem::detail
