#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <string_view>
#include <vector>

#include "xylem/model/limits.hpp"
#include "xylem/model/metadata.hpp"

/// What HDF5 keeps of the files that are open: a little for each, and the index of its chunks as far as its cache goes.
namespace xylem::detail {

/// What HDF5 keeps of the index of a dataset's chunks. It unpacks a B-tree's nodes, of up to 64 chunks, to keys of 33
/// coordinates; its cache counts their bytes in the file: 64 addresses, and 65 keys of a coordinate for each dim and one for the
/// element.
inline std::int64_t chunk_index_memory(const DatasetInfo& info, const StorageSummary& storage) {
  constexpr std::int64_t node = 18'600, chunks_of_node = 50, chunk = 24;
  if (!storage.chunk_tree) return std::min(hdf5_cache / chunk, storage.allocated_chunks) * chunk;
  const std::int64_t stored_node = 24 + 64 * 8 + 65 * 8 * (2 + std::ssize(info.shape));
  return std::min(hdf5_cache / stored_node, storage.allocated_chunks / chunks_of_node + 1) * node;
}

/// Counts a dataset of a file.
inline void count_file_memory(std::map<std::string_view, std::int64_t>& files, const DatasetInfo& info,
                              const StorageSummary& storage) {
  constexpr std::int64_t opened = std::int64_t{768} << 10;  // most of it the table of the metadata cache
  std::int64_t& bytes = files.try_emplace(info.ref.file, opened).first->second;
  bytes = std::min(hdf5_file_memory, bytes + chunk_index_memory(info, storage));
}

/// Of the largest of the files, as many as so many threads have open.
inline std::int64_t open_file_memory(const std::map<std::string_view, std::int64_t>& files, std::int64_t threads) {
  std::vector<std::int64_t> sizes;
  for (const auto& [file, bytes] : files) sizes.push_back(bytes);
  std::ranges::sort(sizes, std::greater<>());
  sizes.resize(std::min<std::size_t>(sizes.size(), static_cast<std::size_t>(threads * max_open_files)));
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

}  // namespace xylem::detail
