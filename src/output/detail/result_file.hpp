#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xylem/result/array.hpp"
#include "xylem/storage/writer.hpp"

namespace xylem::detail {

/// A dim of a file.
struct FileDim {
  std::string name;
  std::int64_t size = 0;
  const ResultVariable* owner = nullptr;  ///< the first that has it
  const ResultCoord* labels = nullptr;    ///< null where no result has labels for it
  const ResultVariable* labeller = nullptr;
};

/// What results have in common in one file. Points into the results that it was made of.
struct FileLayout {
  std::vector<FileDim> dims{};                          ///< in the order in which results name them
  std::vector<const ResultCoord*> coords{};             ///< those that label no dim
  std::vector<std::vector<std::string>> coordinates{};  ///< by result: the names of its `coords`, sorted
  std::vector<std::string> warnings{};                  ///< coords that were left out
};

/// Throws UsageError where results do not go together into one file (see ResultWriter).
[[nodiscard]] FileLayout lay_out(const std::vector<ResultVariable>& variables);

/// Bytes of an element in the file.
[[nodiscard]] int stored_size(ElementType type) noexcept;

/// Writes all but the elements of the results, and gives the places of those: bytes from the start of the file, 0 where there are
/// none.
[[nodiscard]] std::vector<std::int64_t> write_metadata(h5::FileWriter& file, const FileLayout& layout,
                                                       const std::vector<ResultVariable>& variables, const std::string& history);

}  // namespace xylem::detail
