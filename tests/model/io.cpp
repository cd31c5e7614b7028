#include "xylem/model/io.hpp"

#include <gtest/gtest.h>

#include "xylem/support/error.hpp"

using namespace xylem;

namespace {

DatasetInfo chunked(std::vector<FilterInfo> filters) {
  DatasetInfo info;
  info.dtype = {TypeClass::floating, 4};
  info.layout = Layout::chunked;
  info.shape = {100, 100};
  info.chunk = {10, 30};
  info.filters = std::move(filters);
  return info;
}

}  // namespace

TEST(Io, StrategiesHaveNames) {
  for (const std::string name : {"automatic", "direct", "hyperslab", "collective"})
    EXPECT_EQ(io_strategy_name(parse_io_strategy(name)), name);
  EXPECT_EQ(parse_io_strategy("auto"), IoStrategy::automatic);
  EXPECT_THROW((void)parse_io_strategy("fast"), UsageError);
}

TEST(Io, WhatIsReadDirectly) {
  const auto strategy = [](DatasetInfo info) { return choose_io(info).strategy; };
  EXPECT_EQ(strategy(chunked({})), IoStrategy::direct);
  const FilterInfo shuffle{filters::shuffle, "shuffle", 0, {4}}, deflate{filters::deflate, "deflate", 0, {4}};
  EXPECT_EQ(strategy(chunked({shuffle, deflate})), IoStrategy::direct);
  EXPECT_EQ(strategy(chunked({{filters::shuffle, "shuffle", 0, {}}})), IoStrategy::hyperslab) << "of unknown element size";
  EXPECT_EQ(strategy(chunked({deflate, deflate})), IoStrategy::hyperslab);
  EXPECT_EQ(strategy(chunked({{filters::bitshuffle, "", 0, {0, 4, 4, 0, 2}}, deflate})), IoStrategy::hyperslab);
  EXPECT_EQ(strategy(chunked({{filters::bitshuffle, "", 0, {0, 4, 4}}, deflate})), IoStrategy::direct);
  EXPECT_EQ(choose_io(chunked({{6, "scaleoffset", 0, {}}})).why, "HDF5 decodes the filter 'scaleoffset'");
  EXPECT_EQ(choose_io(chunked({{32026, "", 0, {}}})).why, "HDF5 decodes the filter number 32026");

  DatasetInfo info = chunked({});
  info.dtype.standard = false;
  EXPECT_EQ(strategy(info), IoStrategy::hyperslab);
  info = chunked({});
  info.dtype = {TypeClass::string, 4};
  EXPECT_EQ(strategy(info), IoStrategy::hyperslab);
  info = chunked({});
  info.chunk.clear();
  info.layout = Layout::contiguous;
  EXPECT_EQ(strategy(info), IoStrategy::direct);
  for (const Layout layout : {Layout::compact, Layout::virtual_dataset, Layout::external}) {
    info.layout = layout;
    EXPECT_EQ(strategy(info), IoStrategy::hyperslab);
  }
}

TEST(Io, MemoryCountsTheChunksThatABoxTouches) {
  const DatasetInfo plain = chunked({}), filtered = chunked({{filters::deflate, "deflate", 0, {4}}});
  EXPECT_EQ(chunk_bytes(plain), 1200);
  EXPECT_EQ(max_stored_bytes(plain), 1200);
  EXPECT_GT(max_stored_bytes(filtered), 1200);
  EXPECT_EQ(raw_block_bytes(plain, {100, 100}), 0) << "goes straight into the block";
  const std::int64_t one = raw_block_bytes(filtered, {10, 30});
  EXPECT_GE(one, max_stored_bytes(filtered));
  EXPECT_EQ(raw_block_bytes(filtered, {20, 60}), 4 * one);
  EXPECT_EQ(raw_block_bytes(filtered, {100, 100}), 40 * one);
  EXPECT_EQ(raw_block_bytes(filtered, {20, 1}, false), 6 * one) << "a box anywhere touches one more along each dim";
  EXPECT_EQ(raw_block_bytes(filtered, {100, 100}, false), 40 * one) << "but no more than there are";
  EXPECT_GE(read_bytes(filtered, {100, 100}), decoding_bytes(filtered, {100, 100}) + one);

  DatasetInfo damaged = filtered;
  damaged.chunk = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  EXPECT_GT(chunk_bytes(damaged), std::int64_t{1} << 50);
  EXPECT_GT(read_bytes(damaged, damaged.shape), std::int64_t{1} << 50);
}
