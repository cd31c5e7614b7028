#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/plan/plan.hpp"
#include "xylem/storage/collective_reader.hpp"
#include "xylem/storage/raw_block.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/aligned_bytes.hpp"

namespace xylem::detail {

/// Elements of a box of an array in memory, row-major; or one element that stands for all.
struct ArrayView {
  const std::byte* data = nullptr;
  Shape start{};    ///< the box's place
  Shape strides{};  ///< bytes
};

/// What one block needs of the datasets of its scan, once it is fetched. Serves the blocks of one scan after another.
class BlockBuffers {
 public:
  struct Input {
    std::int64_t most = 0;  // bytes of a block, of the scan
    bool needed = false;
    Box box{};                // of the dataset
    AlignedBytes elements{};  // of `box`; or, of what is to be decoded,
    RawBlock raw{};
  };

  /// By dataset. What the scan does not need of the memory that another took is freed.
  [[nodiscard]] std::vector<Input>& inputs_of(const Scan& scan);

 private:
  const Scan* scan_ = nullptr;
  std::vector<Input> inputs_{};
};

/// Reads what the blocks of one scan need: fetch() gets it from the files, decode() makes elements of it. One thread may fetch a
/// block while another decodes, and looks at, the one before.
class BlockSource {
 public:
  BlockSource(FilePool& files, const Scan& scan);

  void fetch(const Box& block, BlockBuffers& into);
  /// `decoded` is room for what fetch() could not put in place yet. What view() tells is in there, or in what was fetched.
  void decode(BlockBuffers& fetched, BlockBuffers& decoded);
  /// After decode(): what is in memory of a dataset; `data` is null where the block needs nothing of it.
  [[nodiscard]] const ArrayView& view(std::size_t dataset) const { return views_[dataset]; }

 private:
  FilePool& files_;
  const Scan& scan_;
  std::vector<std::unique_ptr<DatasetReader>> readers_;  // null: nothing was needed so far
  std::vector<std::vector<std::byte>> fills_;  // of datasets of which nothing is stored: the element that stands for all
  std::vector<ArrayView> views_;
};

/// The same where all ranks read together (storage/collective_reader.hpp), in rounds: each reads a block, or nothing.
class CollectiveSource {
 public:
  /// Collective: yes; all ranks pass the same scan.
  CollectiveSource(const Communicator& comm, FilePool& files, const Scan& scan);

  /// Reads what this rank's block needs, or nothing where `block` is null. Throws the same on every rank.
  /// Collective: yes.
  void read(const Box* block);
  [[nodiscard]] const ArrayView& view(std::size_t dataset) const { return views_[dataset]; }

 private:
  const Communicator& comm_;
  const Scan& scan_;
  std::vector<std::unique_ptr<CollectiveReader>> readers_;  // null: nothing is stored
  std::vector<std::vector<std::byte>> fills_;
  std::vector<AlignedBytes> buffers_;
  std::vector<ArrayView> views_;
};

/// The bytes of the element that stands where nothing was written, and the view of it as the whole dataset.
std::vector<std::byte> fill_of(const DatasetInfo& info);
ArrayView everywhere(const std::vector<std::byte>& fill, const DatasetInfo& info);

/// Strides of a row-major array, in bytes.
Shape row_major(const Shape& shape, std::int64_t element);

}  // namespace xylem::detail
