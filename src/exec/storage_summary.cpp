#include "xylem/exec/storage_summary.hpp"

#include <sstream>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/storage/reader.hpp"

namespace xylem {

std::vector<StorageSummary> summarize_storage(const Communicator& comm,
                                              const std::vector<std::shared_ptr<const DatasetInfo>>& datasets,
                                              const std::map<std::string, int>& scanned_by) {
  // -1: known from the scan.
  const auto owner = [&](std::size_t i) { return datasets[i]->storage ? -1 : scanned_by.at(datasets[i]->ref.file); };
  std::string own = comm.agree([&] {
    FilePool files;
    std::ostringstream out;
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      if (owner(i) == comm.rank()) {
        cereal::BinaryOutputArchive archive(out);
        archive(datasets[i]->null ? StorageSummary{} : DatasetReader(files, datasets[i]).summarize());
      }
    }
    return std::move(out).str();
  });
  std::vector<StorageSummary> result;
  for (const auto& dataset : datasets) result.push_back(dataset->storage.value_or(StorageSummary{}));
  int rank = 0;
  for (std::string& bytes : comm.all_gather(std::exchange(own, {}))) {
    std::istringstream in(std::move(bytes));
    for (std::size_t i = 0; i < datasets.size(); ++i) {
      if (owner(i) != rank) continue;
      cereal::BinaryInputArchive archive(in);
      archive(result[i]);
    }
    ++rank;
  }
  return result;
}

}  // namespace xylem
