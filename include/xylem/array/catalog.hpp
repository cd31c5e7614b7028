#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xylem/array/array.hpp"
#include "xylem/array/combine.hpp"
#include "xylem/array/expression.hpp"
#include "xylem/array/node.hpp"
#include "xylem/tree/load.hpp"

namespace xylem {

/// How the datasets of a tree become arrays.
struct CatalogOptions {
  bool decode_cf = true;                ///< CF attributes decode values, and make some of them missing
  std::optional<std::string> concat{};  ///< the dim along which the files' arrays are joined; a new one where no array has it
  CombineMethod method = CombineMethod::concat;  ///< of several files, along the dim
  Join join = Join::exact;                       ///< of several files, of the other dims
  LabelSource labels_from{};                     ///< along the dim; names are those of the files, without folder and ending
  std::set<std::string> damaged{};               ///< files whose elements are all missing where they are joined with others
  std::set<std::string> unlabelled{};            ///< files whose datasets are left out, for nobody knows where they belong
};

/// The datasets of a tree as arrays, for expressions: by path ("/atm/t", "atm/t"), or by name alone, at any depth where there is
/// just one in a file. A name that stands in several files is one array, their arrays joined along
///
/// - the dim that the options name, where the arrays have it; else the dim along which sizes or labels differ between files;
///   else the unlimited one;
/// - or a new one, where the options name a dim that no array has.
///
/// They are joined as combine() does. Along a new dim without labels, or with labels from names, files that the tree has skipped
/// have their places, where all is missing; else, for their labels are in them, they are left out.
///
/// A name whose arrays do not have the dim that the options name is taken from the first file.
class Catalog {
 public:
  /// Considers the datasets whose names occur in one of `texts`, so that a tree of many costs little. Throws DataError as
  /// labels().
  Catalog(const Tree& tree, const std::vector<std::string>& texts, CatalogOptions options);

  /// The datasets that hold coordinates of these. Whoever can read passes their values to know().
  [[nodiscard]] const std::vector<std::shared_ptr<const DatasetInfo>>& coordinates() const noexcept { return coordinates_; }
  /// One for each of coordinates().
  [[nodiscard]] const std::vector<CfDecoding>& coordinate_decodings() const noexcept { return decodings_; }
  /// Takes the values of coordinates(), one for each (null: unknown), before any array is asked for.
  void know(const std::vector<std::shared_ptr<const LabelValues>>& values);

  /// The names that parse_expression looks up. The catalog and the tree must outlive them. Throws UsageError for names that stand
  /// for several datasets of a file, and for arrays that cannot be joined.
  [[nodiscard]] ExpressionNames names();

  /// The array of a name. Throws UsageError, with the nearest names, where there is none.
  [[nodiscard]] Array get(const std::string& name);

  /// What was passed over, a line each.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  struct Entry {
    const FileTree* file;
    const Container* container;
    std::string path;  ///< in the tree of `file`; the dataset may stand elsewhere
  };

  [[nodiscard]] std::vector<Entry> entries(const std::string& name) const;
  [[nodiscard]] Array array(const Entry& entry);
  [[nodiscard]] Array join(const std::string& name, const std::vector<Entry>& entries, const std::vector<Array>& arrays);
  [[nodiscard]] Array joined_along(const std::string& dim, const std::vector<Entry>& entries, const std::vector<Array>& arrays);
  [[nodiscard]] std::optional<Array> find(const std::string& name);

  const Tree& tree_;
  CatalogOptions options_;
  std::vector<Entry> entries_;  // numeric datasets, file by file
  std::vector<Entry> others_;   // datasets that are no arrays
  std::vector<std::shared_ptr<const DatasetInfo>> coordinates_;
  std::vector<CfDecoding> decodings_;
  std::map<const DatasetInfo*, std::size_t> coordinate_numbers_;
  std::vector<std::shared_ptr<const LabelValues>> known_;
  std::map<std::string, Array> found_;
  std::vector<std::string> notes_;
};

}  // namespace xylem
