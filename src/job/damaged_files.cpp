#include "xylem/job/damaged_files.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/exec/coordinates.hpp"
#include "xylem/model/chunk_grid.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/storage/strings.hpp"
#include "xylem/support/error.hpp"

namespace xylem {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{4} << 20;  // read at once of what is stored in one piece

// Chunks that must be decoded as they are stored; of others, and of datasets without, as much as fits.
Shape pieces_of(const DatasetInfo& info) {
  if (!info.chunk.empty() && !info.filters.empty()) return info.chunk;
  Shape piece = info.chunk.empty() ? info.shape : info.chunk;
  std::int64_t bytes = info.dtype.size;
  for (std::size_t d = piece.size(); d-- > 0;) {
    piece[d] = std::clamp<std::int64_t>(most_bytes / bytes, 1, std::max<std::int64_t>(1, piece[d]));
    bytes *= piece[d];
  }
  return piece;
}

void read_all(FilePool& files, const std::shared_ptr<const DatasetInfo>& info) {
  if (info->dtype.type_class == TypeClass::string && info->ndim() <= 1) (void)read_strings(files, *info, max_coordinate_bytes);
  if (!info->dtype.is_numeric()) return;
  DatasetReader reader(files, info);
  if (num_elements(info->shape) == 0) return;
  std::vector<std::byte> bytes;
  const auto read = [&](const Box& box) {
    bytes.resize(static_cast<std::size_t>(box.size() * info->dtype.size));
    reader.read(box, bytes);
  };
  if (info->shape.empty()) return read({{}, {}});
  const StorageSummary stored = reader.summarize();
  if (stored.allocated_chunks == 0) return;
  const ChunkGrid grid(info->shape, pieces_of(*info));
  if (stored.sparse_chunks.empty()) {
    for (std::int64_t i = 0; i < grid.size(); ++i) read(grid.box(i));
  }
  for (const Shape& start : stored.sparse_chunks) {
    Box chunk{start, info->chunk};
    for (std::size_t d = 0; d < start.size(); ++d) chunk.count[d] = std::min(chunk.count[d], info->shape[d] - start[d]);
    read(chunk);
  }
}

}  // namespace

std::vector<SkippedFile> find_damaged_files(const Communicator& comm,
                                            const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                            const std::function<bool(const std::string&)>& is_asked) {
  std::map<std::string, std::vector<std::shared_ptr<const DatasetInfo>>> by_file;
  for (const auto& info : datasets) {
    if (is_asked(info->ref.file)) by_file[info->ref.file].push_back(info);
  }
  std::vector<std::pair<std::string, std::string>> own;
  comm.agree([&] {
    FilePool files;
    int number = 0;
    for (const auto& [file, infos] : by_file) {
      if (number++ % comm.size() != comm.rank()) continue;
      try {
        for (const auto& info : infos) read_all(files, info);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::usage) throw;
        own.emplace_back(file, error.what());
      }
    }
  });
  std::vector<SkippedFile> damaged;
  for (std::string& theirs : comm.all_gather(to_bytes(own))) {
    for (auto& [file, reason] : from_bytes<std::vector<std::pair<std::string, std::string>>>(std::move(theirs))) {
      damaged.push_back({std::move(file), std::move(reason)});
    }
  }
  std::ranges::sort(damaged, {}, &SkippedFile::file);
  return damaged;
}

}  // namespace xylem
