// Files whose data are damaged are left out, where --on-error says so.
#include "damage.hpp"

#include <algorithm>

#include "xylem/job/damaged_files.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/log.hpp"

namespace xylem::drivers {

bool Damage::is_in(const std::string& file) const { return std::ranges::find(files, file, &SkippedFile::file) != files.end(); }

int do_without(Damage& damage, const Communicator& world, const po::variables_map& arguments, const std::function<int()>& work) {
  for (;;) {
    try {
      return work();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data || !error.agreed() || arguments["on-error"].as<std::string>() != "skip") throw;
      const std::vector<SkippedFile> found =
          find_damaged_files(world, damage.datasets, [&](const std::string& file) { return !damage.is_in(file); });
      damage.files.insert(damage.files.end(), found.begin(), found.end());
      const bool is_all = std::ranges::all_of(damage.datasets, [&](const auto& info) { return damage.is_in(info->ref.file); });
      if (found.empty() || is_all) throw;
      for (const SkippedFile& file : found) logging::warning("left out: {}", file.reason);
    }
  }
}

}  // namespace xylem::drivers
