#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string_view>
#include <vector>

#include "xylem/model/limits.hpp"

/// What HDF5 keeps of the files that are open: a little for each, and the index of its chunks as far as its cache goes.
namespace xylem::detail {

/// Counts a dataset of a file with so many chunks.
inline void count_file_memory(std::map<std::string_view, std::int64_t>& files, std::string_view file, std::int64_t chunks) {
  constexpr std::int64_t opened = std::int64_t{640} << 10, chunk = 150;  // most of it the table of the metadata cache
  std::int64_t& bytes = files.try_emplace(file, opened).first->second;
  bytes = std::min(hdf5_file_memory, bytes + chunk * std::min(hdf5_file_memory, chunks));
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
