// The blocks of a run as a worker gets them, fetched by itself and by a thread that reads ahead.
#include "detail/block_stream.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "storage/files.hpp"

using namespace xylem;
using namespace xylem::test;
using detail::BlockStream;
using detail::StreamBuffers;
using detail::StreamedBlock;

namespace {

constexpr std::int64_t rows = 12, columns = 5, rows_of_block = 2;

h5::PropertyList chunks_of_blocks(bool compressed) {
  h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
  const hsize_t chunk[] = {rows_of_block, columns};
  H5Pset_chunk(properties.get(), 2, chunk);
  if (compressed) H5Pset_deflate(properties.get(), 4);
  return properties;
}

// A scan of one whole dataset in blocks of two rows.
Scan scan_of(const std::shared_ptr<const DatasetInfo>& info) {
  Scan scan;
  scan.shape = info->shape;
  scan.block = {rows_of_block, columns};
  scan.order = {0, 1};
  scan.columns = {{0, 1, 2, 3, 4, 5}, {0}};
  scan.num_blocks = rows / rows_of_block;
  scan.weight = scan.num_blocks;
  scan.read_ahead = true;
  ScanDataset dataset;
  dataset.info = info;
  dataset.storage.allocated_chunks = scan.num_blocks;
  dataset.max_box_bytes = rows_of_block * columns * 8;
  scan.datasets.push_back(std::move(dataset));
  Evaluation evaluation;
  evaluation.axes = {{0, 1, rows}, {0, 1, columns}};
  evaluation.leaves.push_back({false, 0, {{0, 0, 1}, {1, 0, 1}}});
  scan.evaluations.push_back(std::move(evaluation));
  return scan;
}

// Two files, one compressed, a scan each; by the thread or without it.
class Streams : public testing::TestWithParam<bool> {
 protected:
  Streams() {
    for (const bool compressed : {true, false}) {
      const std::string path = folder_.file(compressed ? "compressed.h5" : "plain.h5");
      {
        const h5::File file = create_file(path);
        create_dataset(file.get(), "d", {rows, columns}, chunks_of_blocks(compressed).get());
      }
      std::shared_ptr<const DatasetInfo> info;
      for (const ObjectInfo& object : scan_file(path).objects) {
        if (object.dataset) info = object.dataset;
      }
      pass_.scans.push_back(scan_of(info));
    }
    if (GetParam()) buffers_.waited = 1;  // long enough for the thread to start with the first block
  }

  static double value_at(const StreamedBlock& block, std::int64_t i) {
    double value = 0;
    std::memcpy(&value, block.source->view(0).data + i * 8, sizeof value);
    return value;
  }

  TemporaryFolder folder_;
  FilePool files_;
  Pass pass_;
  StreamBuffers buffers_;
};

INSTANTIATE_TEST_SUITE_P(ByItselfAndAhead, Streams, testing::Bool());

}  // namespace

TEST_P(Streams, GiveEveryBlockOfAllFilesInOrder) {
  const std::vector<ScanRange> ranges{{0, 1, 6}, {1, 0, 4}, {0, 0, 1}};
  BlockStream stream(files_, pass_, ranges, buffers_);
  for (const ScanRange& range : ranges) {
    for (std::int64_t number = range.begin; number < range.end; ++number) {
      const StreamedBlock* block = stream.next();
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(block->scan, range.scan);
      EXPECT_EQ(block->box.start, (Shape{number * rows_of_block, 0}));
      for (std::int64_t i = 0; i < rows_of_block * columns; ++i) {
        EXPECT_EQ(value_at(*block, i), static_cast<double>(number * rows_of_block * columns + i));
      }
    }
  }
  EXPECT_EQ(stream.next(), nullptr);
  EXPECT_GE(stream.times().fetch, 0);
  EXPECT_GE(stream.times().wait, 0);
}

TEST_P(Streams, EndInTheMiddleWhenTheWorkerThrows) {
  const std::vector<ScanRange> ranges{{0, 0, 6}, {1, 0, 6}};
  for (int taken = 0; taken < 4; ++taken) {
    BlockStream stream(files_, pass_, ranges, buffers_);
    for (int i = 0; i < taken; ++i) EXPECT_NE(stream.next(), nullptr);
  }
}

TEST_P(Streams, ErrorsComeWhereTheirBlockIs) {
  auto missing = std::make_shared<DatasetInfo>(*pass_.scans[1].datasets[0].info);
  missing->ref.path = "/other";
  pass_.scans[1].datasets[0].info = missing;
  const std::vector<ScanRange> ranges{{0, 0, 6}, {1, 0, 6}};
  BlockStream stream(files_, pass_, ranges, buffers_);
  for (int i = 0; i < 6; ++i) {
    ASSERT_NE(stream.next(), nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  try {
    (void)stream.next();
    FAIL() << "a dataset that is not there was read";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("/other"), std::string::npos) << error.what();
  }
}

TEST_P(Streams, WithoutBlocksEndAtOnce) {
  const std::vector<ScanRange> ranges;
  BlockStream stream(files_, pass_, ranges, buffers_);
  EXPECT_EQ(stream.next(), nullptr);
}
