#include "detail/scan_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/storage/files.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/file_records.hpp"
#include "detail/index_search.hpp"
#include "detail/on_rank_zero.hpp"

namespace xylem::detail {
namespace {

struct ScanResult {
  FileMetadata metadata;
  std::string failure{};  // why there are none
};

// What a rank found of its files, on the way to the others.
struct Share {
  std::string table{};
  std::vector<std::string> records{};
  std::vector<std::string> failures{};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(table, records, failures);
  }
};

// Scans this rank's share of the files; then every rank has all of them, in the order of `files`.
std::vector<ScanResult> scan_all(const Communicator& comm, const std::vector<std::string>& files, ScanDepth depth, bool stops) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::string own = comm.agree([&] {
    RecordPacker packer;
    Share share;
    for (auto i = static_cast<std::size_t>(comm.rank()); i < files.size(); i += ranks) {
      std::string& record = share.records.emplace_back();
      std::string& failure = share.failures.emplace_back();
      try {
        record = packer.pack(scan_file(files[i], depth));
      } catch (const Error& error) {
        if (stops || error.kind() == ErrorKind::internal) throw;
        failure = error.what();
      }
    }
    h5::give_back_caches();
    share.table = packer.table();
    return to_bytes(share);
  });
  std::vector<ScanResult> result(files.size());
  RecordUnpacker unpacker;
  std::vector<std::string> gathered = comm.all_gather(std::exchange(own, {}));
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const Share share = from_bytes<Share>(std::exchange(gathered[rank], {}));
    const RecordUnpacker::Table table = unpacker.read_table(share.table);
    for (std::size_t i = 0; i < share.records.size(); ++i) {
      const std::size_t file = rank + i * ranks;
      result[file].failure = share.failures[i];
      if (share.failures[i].empty()) result[file].metadata = RecordUnpacker::unpack(share.records[i], table, files[file]);
    }
  }
  return result;
}

// What the index knows, and what scans find of the rest.
std::vector<ScannedFile> find_out(const Communicator& comm, IndexSearch& index, const std::vector<std::string>& files,
                                  const std::vector<std::string>& real, bool linked, const ScanOptions& options,
                                  ScannedFiles& found) {
  std::vector<ScannedFile> result(files.size());
  std::vector<std::optional<FileMetadata>> known = index.look_up(comm, files, real);
  std::vector<std::size_t> places;
  std::vector<std::string> unknown;
  const auto ranks = static_cast<std::size_t>(comm.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    result[i].real_path = real[i];
    if (known[i]) {
      result[i].metadata = std::move(*known[i]);
      result[i].from_index = true;
      result[i].scanned_by = static_cast<int>(i % ranks);
    } else {
      result[i].scanned_by = static_cast<int>(unknown.size() % ranks);
      places.push_back(i);
      unknown.push_back(files[i]);
    }
  }
  std::vector<ScanResult> scanned = scan_all(comm, unknown, options.depth, !linked && !options.skip_unreadable);
  for (std::size_t k = 0; k < scanned.size(); ++k) {
    ScannedFile& file = result[places[k]];
    file.metadata = std::move(scanned[k].metadata);
    for (const std::string& warning : file.metadata.warnings) found.warnings.push_back(warning);
    if (scanned[k].failure.empty()) continue;
    if (linked) {
      found.warnings.push_back(fmt::format("an external link leads to a file that cannot be read: {}", scanned[k].failure));
    } else {
      found.skipped.push_back({unknown[k], scanned[k].failure});
      found.warnings.push_back(fmt::format("left out: {}", scanned[k].failure));
    }
  }
  return result;
}

}  // namespace

ScannedFiles scan_patterns(const Communicator& comm, const std::vector<std::string>& patterns, const ScanOptions& options) {
  auto [files, real, warnings] = on_rank_zero(comm, [&] {
    std::vector<std::string> problems, paths;
    auto expanded = expand_files(patterns, problems, &paths);
    return std::tuple(std::move(expanded), std::move(paths), std::move(problems));
  });
  ScannedFiles found = scan_files(comm, std::move(files), std::move(real), options);
  found.warnings.insert(found.warnings.begin(), warnings.begin(), warnings.end());
  return found;
}

ScannedFiles scan_files(const Communicator& comm, std::vector<std::string> files, std::vector<std::string> real,
                        const ScanOptions& options) {
  ScannedFiles found;
  IndexSearch index(comm, real, options);
  std::map<std::string, std::string> by_real_path;
  for (bool linked = false; !files.empty(); linked = true) {
    if (linked) real = on_rank_zero(comm, [&] { return real_paths(files); });
    std::vector<std::string> unread, unread_real;  // not those that links lead to under another name
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto [entry, is_new] = by_real_path.emplace(real[i], files[i]);
      if (is_new || !linked) {
        unread.push_back(files[i]);
        unread_real.push_back(real[i]);
      }
      if (linked) found.link_targets.emplace(files[i], entry->second);
    }
    std::set<std::string> targets;
    for (ScannedFile& file : find_out(comm, index, unread, unread_real, linked, options, found)) {
      for (const ObjectInfo& object : file.metadata.objects) {
        const bool external = object.kind == ObjectKind::link && object.link.kind == LinkKind::external && !object.link.dangling;
        if (external && found.link_targets.count(object.link.target_file) == 0) targets.insert(object.link.target_file);
      }
      (linked ? found.linked_files : found.files).push_back(std::move(file));
    }
    files.assign(targets.begin(), targets.end());
  }
  found.warnings.insert(found.warnings.end(), index.warnings().begin(), index.warnings().end());
  return found;
}

}  // namespace xylem::detail
