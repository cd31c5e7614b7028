#include "detail/block_source.hpp"

#include <cstring>

namespace xylem::detail {

Shape row_major(const Shape& shape, std::int64_t element) {
  Shape strides(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = element;
    element *= shape[d];
  }
  return strides;
}

std::vector<std::byte> fill_of(const DatasetInfo& info) {
  std::vector<std::byte> fill = info.fill;
  fill.resize(static_cast<std::size_t>(info.dtype.size), std::byte{0});
  return fill;
}

ArrayView everywhere(const std::vector<std::byte>& fill, const DatasetInfo& info) {
  return {fill.data(), Shape(info.shape.size(), 0), Shape(info.shape.size(), 0)};
}

BlockSource::BlockSource(FilePool& files, const Scan& scan) : files_(files), scan_(scan), inputs_(scan.datasets.size()) {
  for (std::size_t d = 0; d < inputs_.size(); ++d) {
    if (scan.datasets[d].storage.allocated_chunks > 0) continue;
    const DatasetInfo& info = *scan.datasets[d].info;
    inputs_[d].buffer = fill_of(info);
    inputs_[d].view = everywhere(inputs_[d].buffer, info);
  }
}

double BlockSource::decode_seconds() const noexcept {
  double seconds = 0;
  for (const Input& input : inputs_) seconds += input.reader ? input.reader->decode_seconds() : 0;
  return seconds;
}

void BlockSource::read(const Box& block) {
  for (std::size_t d = 0; d < inputs_.size(); ++d) {
    const ScanDataset& dataset = scan_.datasets[d];
    if (dataset.storage.allocated_chunks == 0) continue;
    Input& input = inputs_[d];
    input.view.data = nullptr;
    const BlockRead needed = block_read(scan_, d, block);
    if (!needed.needed) continue;
    if (!input.reader) input.reader = std::make_unique<DatasetReader>(files_, dataset.info);
    const std::int64_t element = dataset.info->dtype.size;
    const auto bytes = static_cast<std::size_t>(needed.box.size() * element);
    if (input.buffer.size() < bytes) input.buffer.resize(bytes);
    input.view = {input.buffer.data(), needed.box.start, row_major(needed.box.count, element)};
    if (needed.all) {
      input.reader->read(needed.box, {input.buffer.data(), bytes});
    } else {
      read_parts(input, needed, element);
    }
  }
}

void BlockSource::read_parts(Input& input, const BlockRead& read, std::int64_t element) {
  for (const Box& part : read.parts) {
    const auto bytes = static_cast<std::size_t>(part.size() * element);
    input.part.resize(bytes);
    input.reader->read(part, {input.part.data(), bytes});
    Shape rows = part.count;
    const auto row_bytes = static_cast<std::size_t>(rows.back() * element);
    rows.back() = 1;
    const ChunkGrid grid(rows, Shape(rows.size(), 1));
    for (std::int64_t r = 0; r < grid.size(); ++r) {
      const Shape at = grid.coordinates(r);
      std::int64_t to = 0;
      for (std::size_t d = 0; d < at.size(); ++d) to += (part.start[d] + at[d] - read.box.start[d]) * input.view.strides[d];
      std::memcpy(input.buffer.data() + to, input.part.data() + static_cast<std::size_t>(r) * row_bytes, row_bytes);
    }
  }
}

}  // namespace xylem::detail
