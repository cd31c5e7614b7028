#include "xylem/storage/files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

namespace fs = std::filesystem;

namespace xylem {
namespace {

std::string join(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

// Hidden names match only patterns that begin with a dot, as in a shell.
bool matches(const std::string& pattern, const std::string& name) {
  return (name[0] != '.' || pattern[0] == '.') && glob_match(pattern, name);
}

struct Expansion {
  std::vector<std::string> found{};
  std::map<std::string, std::string> unreadable{};  // what could not be searched, and why
};

bool is_absent(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

// Folders that cannot be read are passed over, as a shell does, and noted.
std::vector<fs::directory_entry> entries(const std::string& folder, Expansion& result) {
  std::vector<fs::directory_entry> found;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end; it.increment(error))
    found.push_back(*it);
  if (error && !is_absent(error)) result.unreadable.emplace(folder.empty() ? "." : folder, error.message());
  return found;
}

// What a path leads to. Where that cannot be found out, for want of permission or the like, it is noted.
fs::file_type type_of(const std::string& path, Expansion& result) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (error && !is_absent(error)) result.unreadable.emplace(path, error.message());
  return type;
}

// Walks the pattern's components from `folder` on; only folders that can match are listed.
void expand(const std::string& folder, const std::vector<std::string>& parts, std::size_t part, Expansion& result) {
  std::error_code error;
  const std::string& pattern = parts[part];
  const bool last = part + 1 == parts.size();
  if (pattern == "**") {
    if (!last) expand(folder, parts, part + 1, result);
    for (const auto& entry : entries(folder, result)) {
      const std::string name = entry.path().filename().string();
      if (name[0] == '.') continue;
      if (entry.is_directory(error) && !entry.is_symlink(error)) {
        expand(join(folder, name), parts, part, result);
      } else if (last && entry.is_regular_file(error)) {
        result.found.push_back(join(folder, name));
      }
    }
  } else if (is_glob(pattern)) {
    for (const auto& entry : entries(folder, result)) {
      const std::string name = entry.path().filename().string();
      if (!matches(pattern, name)) continue;
      if (last ? entry.is_regular_file(error) : entry.is_directory(error)) {
        last ? result.found.push_back(join(folder, name)) : expand(join(folder, name), parts, part + 1, result);
      }
    }
  } else if (const std::string path = join(folder, pattern); last) {
    if (type_of(path, result) == fs::file_type::regular) result.found.push_back(path);
  } else if (type_of(path, result) == fs::file_type::directory) {
    expand(path, parts, part + 1, result);
  }
}

Expansion expand_below(const std::string& folder, const std::string& pattern) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= pattern.size()) {
    const std::size_t end = std::min(pattern.find('/', start), pattern.size());
    if (end > start) parts.push_back(pattern.substr(start, end - start));
    start = end + 1;
  }
  Expansion result;
  if (!parts.empty()) expand(folder, parts, 0, result);
  std::sort(result.found.begin(), result.found.end());
  return result;
}

Expansion expand_pattern(const std::string& pattern) { return expand_below(pattern[0] == '/' ? "/" : "", pattern); }

// A pattern below `base`, whose own characters are no pattern's.
Expansion expand_from(const std::string& base, const std::string& pattern) {
  const std::string full = absolute_path(pattern, base);
  const bool below = full.rfind(base, 0) == 0 && (base == "/" || full[base.size()] == '/');
  return below ? expand_below(base, full.substr(base.size())) : expand_below("/", full);
}

}  // namespace

std::vector<std::string> expand_files(const std::vector<std::string>& patterns, std::vector<std::string>& warnings,
                                      std::vector<std::string>* real_paths) {
  std::vector<std::string> all;
  for (const std::string& pattern : patterns) {
    std::error_code error;
    if (pattern.empty()) throw UsageError("an empty file name was given; name HDF5 files or quote a pattern such as 'runs/*.h5'");
    if (fs::exists(fs::symlink_status(pattern, error)) || !is_glob(pattern)) {
      if (!fs::exists(pattern, error) && error != std::errc::permission_denied) {
        const fs::path folder = fs::path(pattern).parent_path();
        std::vector<std::string> names;
        Expansion unused;
        for (const auto& entry : entries(folder.string(), unused))
          names.push_back(join(folder.string(), entry.path().filename().string()));
        if (fs::is_symlink(fs::symlink_status(pattern, error))) {
          throw UsageError("'{}' is a symbolic link to '{}', which is not there", printable(pattern),
                           printable(fs::read_symlink(pattern, error).string()));
        }
        throw UsageError("no such file: '{}'{}", printable(pattern), did_you_mean(pattern, names));
      }
      all.push_back(pattern);
      continue;
    }
    const auto [found, unreadable] = expand_pattern(pattern);
    if (found.empty() && !unreadable.empty()) {
      const auto& [folder, reason] = *unreadable.begin();
      throw ResourceError("no file matches '{}', but '{}' could not be searched ({}): check its permissions", printable(pattern),
                          printable(folder), reason);
    }
    if (found.empty()) {
      throw UsageError("no file matches '{}' (looked from '{}'); check the pattern and its quotes", printable(pattern),
                       fs::current_path(error).string());
    }
    for (const auto& [folder, reason] : unreadable) {
      warnings.push_back(fmt::format("'{}' could not be searched for '{}' ({})", printable(folder), printable(pattern), reason));
    }
    all.insert(all.end(), found.begin(), found.end());
  }
  // By name; of several names of a file the first stays, and all of them are sorted then.
  std::vector<std::string> real = xylem::real_paths(all);
  std::vector<std::pair<std::string, std::string>> files;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (seen.insert(real[i]).second) files.emplace_back(std::move(all[i]), real[i]);
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> names;
  for (auto& [name, path] : files) {
    names.push_back(std::move(name));
    if (real_paths != nullptr) real_paths->push_back(std::move(path));
  }
  return names;
}

std::vector<std::string> real_paths(const std::vector<std::string>& files) {
  const auto canonical = [](const std::string& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    return error ? path : real.string();
  };
  std::map<std::string, std::string> folders;
  std::vector<std::string> result;
  for (const std::string& file : files) {
    const std::size_t slash = file.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    struct stat status {};
    if (name.empty() || name == "." || name == ".." || lstat(file.c_str(), &status) != 0 || S_ISLNK(status.st_mode)) {
      result.push_back(canonical(file));
      continue;
    }
    const auto [known, is_new] = folders.try_emplace(folder);
    if (is_new) known->second = canonical(folder);
    while (known->second.size() > 1 && known->second.back() == '/') known->second.pop_back();
    result.push_back(join(known->second, name));
  }
  return result;
}

std::string absolute_path(const std::string& path, const std::string& base) {
  const char* home = std::getenv("HOME");
  const bool at_home = home != nullptr && (path == "~" || path.rfind("~/", 0) == 0);
  const fs::path whole = at_home ? fs::path(home + path.substr(1)) : fs::path(base) / path;
  const std::string normal = whole.lexically_normal().string();
  return normal.size() > 1 && normal.back() == '/' ? normal.substr(0, normal.size() - 1) : normal;
}

std::vector<std::string> match_files(const std::string& base, const std::vector<std::string>& patterns,
                                     const std::vector<std::string>& ignore, std::vector<std::string>& warnings) {
  std::set<std::string> files;
  for (const std::string& pattern : patterns) {
    auto [found, unreadable] = expand_from(base, pattern);
    files.insert(found.begin(), found.end());
    for (const auto& [folder, reason] : unreadable) {
      warnings.push_back(fmt::format("'{}' could not be searched for '{}' ({})", printable(folder), printable(pattern), reason));
    }
  }
  for (const std::string& pattern : ignore) {
    for (const std::string& file : expand_from(base, pattern).found) files.erase(file);
  }
  return {files.begin(), files.end()};
}

}  // namespace xylem
