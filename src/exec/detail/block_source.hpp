#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "xylem/plan/plan.hpp"
#include "xylem/storage/reader.hpp"

namespace xylem::detail {

/// Elements of a box of an array in memory, row-major; or one element that stands for all.
struct ArrayView {
  const std::byte* data = nullptr;
  Shape start{};    ///< the box's place
  Shape strides{};  ///< bytes
};

/// Reads what the blocks of one scan need, into buffers that are used again and again.
class BlockSource {
 public:
  BlockSource(FilePool& files, const Scan& scan);

  /// Reads what the block needs of all datasets.
  void read(const Box& block);
  /// After read(): what is in memory of a dataset; `data` is null where the block needs nothing of it.
  [[nodiscard]] const ArrayView& view(std::size_t dataset) const { return inputs_[dataset].view; }
  /// Seconds that undoing filters took so far.
  [[nodiscard]] double decode_seconds() const noexcept;

 private:
  struct Input {
    std::unique_ptr<DatasetReader> reader{};  // null: nothing is stored
    std::vector<std::byte> buffer{};
    std::vector<std::byte> part{};
    ArrayView view{};
  };

  void read_parts(Input& input, const BlockRead& read, std::int64_t element);

  FilePool& files_;
  const Scan& scan_;
  std::vector<Input> inputs_;
};

/// The bytes of the element that stands where nothing was written, and the view of it as the whole dataset.
std::vector<std::byte> fill_of(const DatasetInfo& info);
ArrayView everywhere(const std::vector<std::byte>& fill, const DatasetInfo& info);

/// Strides of a row-major array, in bytes.
Shape row_major(const Shape& shape, std::int64_t element);

}  // namespace xylem::detail
