#include "detail/block_source.hpp"

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

std::vector<BlockBuffers::Input>& BlockBuffers::inputs_of(const Scan& scan) {
  if (scan_ != &scan) {
    scan_ = &scan;
    inputs_.resize(scan.datasets.size());
    for (std::size_t d = 0; d < inputs_.size(); ++d) {
      const std::int64_t most = scan.datasets[d].max_box_bytes;
      if (inputs_[d].most > most) inputs_[d] = {};
      inputs_[d].most = most;
    }
  }
  return inputs_;
}

namespace {

// What was never written is the fill value everywhere: the element that stands for all, of the datasets of which nothing is
// stored, and where it is.
void set_fills(const Scan& scan, std::vector<std::vector<std::byte>>& fills, std::vector<ArrayView>& views) {
  for (std::size_t d = 0; d < views.size(); ++d) {
    if (scan.datasets[d].storage.allocated_chunks > 0) continue;
    fills[d] = fill_of(*scan.datasets[d].info);
    views[d] = everywhere(fills[d], *scan.datasets[d].info);
  }
}

}  // namespace

BlockSource::BlockSource(FilePool& files, const Scan& scan)
    : files_(files), scan_(scan), readers_(scan.datasets.size()), fills_(scan.datasets.size()), views_(scan.datasets.size()) {
  set_fills(scan, fills_, views_);
}

CollectiveSource::CollectiveSource(const Communicator& comm, FilePool& files, const Scan& scan)
    : comm_(comm),
      scan_(scan),
      readers_(scan.datasets.size()),
      fills_(scan.datasets.size()),
      buffers_(scan.datasets.size()),
      views_(scan.datasets.size()) {
  set_fills(scan, fills_, views_);
  for (std::size_t d = 0; d < readers_.size(); ++d) {
    const ScanDataset& dataset = scan.datasets[d];
    if (dataset.storage.allocated_chunks > 0) readers_[d] = std::make_unique<CollectiveReader>(comm, files, dataset.info);
  }
}

void CollectiveSource::read(const Box* block) {
  for (std::size_t d = 0; d < readers_.size(); ++d) {
    if (!readers_[d]) continue;
    const DatasetInfo& info = *scan_.datasets[d].info;
    BlockRead wanted;
    std::span<std::byte> elements;
    comm_.agree([&] {
      views_[d].data = nullptr;
      if (block != nullptr) wanted = block_read(scan_, d, *block);
      const bool scalar = info.shape.empty();  // of which there is no box without elements
      if (!wanted.needed && !scalar) return;
      const auto bytes = static_cast<std::size_t>(wanted.box.size() * info.dtype.size);
      buffers_[d].reserve(bytes);
      elements = buffers_[d].first(bytes);
      views_[d] = {elements.data(), wanted.box.start, row_major(wanted.box.count, info.dtype.size)};
    });
    if (elements.empty()) wanted.box = {Shape(info.shape.size(), 0), Shape(info.shape.size(), 0)};
    readers_[d]->read(wanted.box, elements);
  }
}

void BlockSource::fetch(const Box& block, BlockBuffers& into) {
  std::vector<BlockBuffers::Input>& inputs = into.inputs_of(scan_);
  for (std::size_t d = 0; d < readers_.size(); ++d) {
    const ScanDataset& dataset = scan_.datasets[d];
    BlockBuffers::Input& input = inputs[d];
    input.needed = false;
    if (dataset.storage.allocated_chunks == 0) continue;
    BlockRead read = block_read(scan_, d, block);
    if (!read.needed) continue;
    if (!readers_[d]) readers_[d] = std::make_unique<DatasetReader>(files_, dataset.info, dataset.io.strategy);
    DatasetReader& reader = *readers_[d];
    std::span<std::byte> elements;
    if (!reader.decodes()) {
      const auto bytes = static_cast<std::size_t>(read.box.size() * dataset.info->dtype.size);
      input.elements.reserve(bytes);
      elements = input.elements.first(bytes);
    }
    if (read.all) {
      reader.fetch(read.box, elements, input.raw);
    } else {
      reader.fetch(read.box, read.parts, elements, input.raw);
    }
    input.box = std::move(read.box);
    input.needed = true;
  }
}

void BlockSource::decode(BlockBuffers& fetched, BlockBuffers& decoded) {
  std::vector<BlockBuffers::Input>&inputs = fetched.inputs_of(scan_), &outputs = decoded.inputs_of(scan_);
  for (std::size_t d = 0; d < readers_.size(); ++d) {
    if (scan_.datasets[d].storage.allocated_chunks == 0) continue;
    BlockBuffers::Input& input = inputs[d];
    views_[d].data = nullptr;
    if (!input.needed) continue;
    const std::int64_t element = scan_.datasets[d].info->dtype.size;
    const auto bytes = static_cast<std::size_t>(input.box.size() * element);
    const bool decodes = readers_[d]->decodes();
    if (decodes) {
      outputs[d].elements.reserve(bytes);
      readers_[d]->decode(input.raw, outputs[d].elements.first(bytes));
    }
    views_[d] = {(decodes ? outputs[d] : input).elements.data(), input.box.start, row_major(input.box.count, element)};
  }
}

}  // namespace xylem::detail
