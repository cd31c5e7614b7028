#pragma once

#include <string>
#include <vector>

namespace xylem {

/// The files that names and glob patterns (`*`, `?`, `[...]`, and `**` for any folders) stand for: sorted, each once (by its real
/// path), written as the user wrote them. A name that exists is taken as it is, even with pattern characters in it. Reads folders
/// on the calling rank; what cannot be searched (for want of permission, say) is passed over, with a line in `warnings`. Throws
/// UsageError for a name that does not exist and for a pattern that matches nothing, ResourceError where that may be because
/// something could not be searched. `real_paths`, if given, gets those of the files.
[[nodiscard]] std::vector<std::string> expand_files(const std::vector<std::string>& patterns, std::vector<std::string>& warnings,
                                                    std::vector<std::string>* real_paths = nullptr);

/// The files' absolute paths without symbolic links, dots and double slashes: what tells whether two names are one file. Where
/// that cannot be found out, the name itself. Asks the file system on the calling rank, of each folder once.
[[nodiscard]] std::vector<std::string> real_paths(const std::vector<std::string>& files);

/// The path as an absolute one without "." and "..": "~" at its start is the home folder, and a relative path starts at `base`,
/// which is absolute. Looks at no file.
[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& base);

/// The files below `base`, an absolute path, that names and glob patterns stand for, without those that one of `ignore` stands
/// for: absolute, sorted, each name once (two names of one file are two files). Nothing need match. Reads folders on the calling
/// rank; what cannot be searched is passed over, with a line in `warnings`.
[[nodiscard]] std::vector<std::string> match_files(const std::string& base, const std::vector<std::string>& patterns,
                                                   const std::vector<std::string>& ignore, std::vector<std::string>& warnings);

}  // namespace xylem
