#pragma once

#include <string_view>

namespace xylem {

/// xylem's own version, as in CMakeLists.txt.
std::string_view version() noexcept;

/// The commit that the build was configured from (`git describe --always --dirty`), or "unknown" outside a checkout.
std::string_view commit() noexcept;

}  // namespace xylem
