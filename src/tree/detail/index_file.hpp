#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/model/metadata.hpp"

#include "detail/file_records.hpp"

namespace xylem::detail {

/// The bytes of an index over files, which are known by their real paths. `folder`: the real path of the one that the index will
/// be in; files in it may move along with it. Files with warnings, which a scan would have to repeat, are left out.
[[nodiscard]] std::string pack_index(const std::vector<FileMetadata>& files, const std::vector<std::string>& real_paths,
                                     const std::string& folder);

/// An index as it was read. Its bytes are untrusted.
class IndexFile {
 public:
  /// Throws DataError, saying why, for bytes that are no index of this version, damaged or cut off.
  IndexFile(std::string bytes, const std::string& folder);

  struct Entry {
    std::int64_t size = 0;      ///< of the file, bytes
    std::int64_t mtime_ns = 0;  ///< its last change
    std::uint64_t record = 0;
    template <class Archive>
    void serialize(Archive& archive) {
      archive(size, mtime_ns, record);
    }
  };
  /// What it knows of the file with this real path; null where nothing.
  [[nodiscard]] const Entry* find(const std::string& real_path) const;
  /// The metadata of a file, called `file`. Throws DataError where they are damaged.
  [[nodiscard]] FileMetadata metadata(const Entry& entry, const std::string& file) const;

 private:
  std::string bytes_;
  std::string folder_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string_view> records_;
  RecordUnpacker::Table table_;
};

}  // namespace xylem::detail
