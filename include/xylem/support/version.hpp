#pragma once

#include <string_view>

namespace xylem {

/// xylem's own version, as in CMakeLists.txt.
std::string_view version() noexcept;

/// The commit that was built (`git describe --always --dirty`), or "unknown" where the sources were no checkout of git.
std::string_view commit() noexcept;

/// The compiler that xylem was built with: "GNU 12.2.0".
std::string_view compiler() noexcept;
/// CMake's build type: "Release".
std::string_view build_type() noexcept;

}  // namespace xylem
