#include "detail/virtual_sources.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

namespace fs = std::filesystem;

template <class Get>
std::string name_of_source(Get get, hid_t properties, std::size_t i) {
  const ssize_t length = get(properties, i, nullptr, 0);
  if (length < 0) h5::fail("cannot read the sources of a virtual dataset");
  std::string name(static_cast<std::size_t>(length) + 1, '\0');
  get(properties, i, name.data(), name.size());
  name.pop_back();
  return name;
}

// Where HDF5 looks for a source (H5Pset_virtual_prefix): below the folders of HDF5_VDS_PREFIX, beside the file, from the working
// folder on; an absolute name as it is first, then by its last component.
std::optional<std::string> find_source(const std::string& file, const std::string& source) {
  const fs::path beside = fs::path(file).parent_path();
  std::vector<fs::path> candidates;
  fs::path name = source;
  if (name.is_absolute()) {
    candidates.push_back(name);
    name = name.filename();
  }
  if (const char* prefixes = std::getenv("HDF5_VDS_PREFIX"); prefixes != nullptr) {
    std::istringstream stream(prefixes);
    for (std::string prefix; std::getline(stream, prefix, ':');) {
      if (prefix.rfind("${ORIGIN}", 0) == 0) prefix = beside.string() + prefix.substr(9);
      candidates.push_back(fs::path(prefix) / name);
    }
  }
  std::error_code ignored;
  candidates.insert(candidates.end(), {beside / name, name, fs::canonical(file, ignored).parent_path() / name});
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate, ignored)) return candidate.string();
  }
  return std::nullopt;
}

}  // namespace

void check_virtual_sources(hid_t dataset, const DatasetInfo& info) {
  const h5::PropertyList properties(H5Dget_create_plist(dataset));
  std::size_t count = 0;
  h5::check(H5Pget_virtual_count(properties.get(), &count), "cannot read the sources of " + info.ref.describe());
  std::map<std::string, h5::File> opened;  // by the name in the mapping; the last one only
  for (std::size_t i = 0; i < count; ++i) {
    const std::string source = name_of_source(H5Pget_virtual_filename, properties.get(), i);
    const std::string path = name_of_source(H5Pget_virtual_dsetname, properties.get(), i);
    if ((source + path).find('%') != std::string::npos) continue;
    if (opened.count(source) == 0) {
      const auto found = source == "." ? std::optional(info.ref.file) : find_source(info.ref.file, source);
      if (!found) {
        throw DataError("{} has elements of '{}', which is not there: put it beside '{}', or set HDF5_VDS_PREFIX to its folder",
                        info.ref.describe(), printable(source), printable(info.ref.file));
      }
      opened.clear();
      opened.emplace(source, h5::open_readonly(*found));
    }
    if (!h5::Dataset(H5Dopen2(opened.at(source).get(), path.c_str(), H5P_DEFAULT))) {
      throw DataError("{} has elements of '{}' of '{}', which cannot be opened (HDF5: {})", info.ref.describe(), printable(path),
                      printable(source), h5::last_error());
    }
  }
}

}  // namespace xylem
