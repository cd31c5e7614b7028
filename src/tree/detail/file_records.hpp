#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xylem/model/metadata.hpp"

namespace xylem::detail {

/// Packs the metadata of files into records of bytes. Elements that datasets hold alike go into one table, each once; names of
/// the file itself are left out, for whoever unpacks knows it.
class RecordPacker {
 public:
  [[nodiscard]] std::string pack(FileMetadata metadata);
  /// Of all records so far.
  [[nodiscard]] std::string table() const;

 private:
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<const std::string*> elements_;
};

/// Unpacks records of several packers. Throws DataError for records that none can have packed: they may come from a file that
/// anyone has written, so all that the program relies on is checked.
class RecordUnpacker {
 public:
  /// The elements in a packer's table, for unpack().
  using Table = std::vector<std::shared_ptr<const std::string>>;
  [[nodiscard]] Table read_table(std::string_view bytes);
  [[nodiscard]] static FileMetadata unpack(std::string_view record, const Table& table, const std::string& file);

 private:
  std::map<std::string_view, std::shared_ptr<const std::string>> known_;
};

/// Throws DataError unless the objects are a tree, and their datasets' numbers fit together.
void check_metadata(const FileMetadata& metadata);

}  // namespace xylem::detail
