#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "xylem/result/array.hpp"
#include "xylem/storage/writer.hpp"

#include "existing_file.hpp"

namespace xylem::detail {

/// A dim of a file.
struct FileDim {
  std::string name;
  std::int64_t size = 0;
  const ResultVariable* owner = nullptr;  ///< the first that has it
  const ResultCoord* labels = nullptr;    ///< null where no result has labels for it
  const ResultVariable* labeller = nullptr;
  bool exists = false;  ///< in the file that results are added to
};

/// What results have in common in one file. Points into the results that it was made of.
struct FileLayout {
  std::vector<FileDim> dims{};                          ///< in the order in which results name them
  std::vector<const ResultCoord*> coords{};             ///< those that label no dim and are not in the file yet
  std::vector<std::vector<std::string>> coordinates{};  ///< by result: the names of its `coords`, sorted
  std::vector<std::string> warnings{};                  ///< coords that were left out
};

/// Throws UsageError where results do not go together into one file (see ResultWriter), or into the one that they are added to.
[[nodiscard]] FileLayout lay_out(const std::vector<ResultVariable>& variables, const ExistingFile* existing);

/// Bytes of an element in the file.
[[nodiscard]] int stored_size(ElementType type) noexcept;

/// Where a result's elements go.
struct ResultDataset {
  std::int64_t offset = 0;  ///< of contiguous elements: bytes from the start of the file; 0 where there are none
  h5::Dataset dataset{};    ///< of chunked ones, open
};

/// Writes all but the elements of the results. `chunks`: the extents of each result's chunks, empty for contiguous ones;
/// `deflate`: as ResultStorage has it.
[[nodiscard]] std::vector<ResultDataset> write_metadata(h5::FileWriter& file, const FileLayout& layout,
                                                        const std::vector<ResultVariable>& variables,
                                                        const std::map<std::string, std::string>& file_attributes,
                                                        const std::vector<Shape>& chunks, int deflate);

}  // namespace xylem::detail
