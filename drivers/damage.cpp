// Files whose data are damaged are left out, where --on-error says so.
#include "damage.hpp"

#include <algorithm>
#include <utility>

#include "xylem/job/damaged_files.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"

namespace xylem::drivers {

bool Damage::is_in(const std::string& file) const {
  return std::ranges::find(files, file, &SkippedFile::file) != files.end() ||
         std::ranges::find(unlabelled, file, &SkippedFile::file) != unlabelled.end();
}

int do_without(Damage& damage, const Communicator& world, const po::variables_map& arguments, const std::function<int()>& work) {
  const auto find_more = [&](const std::vector<std::shared_ptr<const DatasetInfo>>& datasets, std::vector<SkippedFile>& damaged) {
    const auto found = find_damaged_files(world, datasets, [&](const std::string& file) { return !damage.is_in(file); });
    damaged.insert(damaged.end(), found.begin(), found.end());
    return found;
  };
  for (;;) {
    damage.labels.clear();
    damage.datasets.clear();
    damage.is_reading = false;
    try {
      return work();
    } catch (const Error& error) {
      const bool of_the_data = error.kind() == ErrorKind::data || (error.kind() == ErrorKind::usage && damage.is_reading);
      if (!of_the_data || !error.agreed() || arguments["on-error"].as<std::string>() != "skip") throw;
      std::vector<SkippedFile> found = find_more(damage.labels, damage.unlabelled);
      for (SkippedFile& file : find_more(damage.datasets, damage.files)) found.push_back(std::move(file));
      const auto is_left = [&](const auto& info) { return !damage.is_in(info->ref.file); };
      const bool none_left = !damage.datasets.empty() && std::ranges::none_of(damage.datasets, is_left);
      if (found.empty() || none_left) throw;
      for (const SkippedFile& file : found) logging::warning("left out: {}", file.reason);
    }
  }
}

}  // namespace xylem::drivers
