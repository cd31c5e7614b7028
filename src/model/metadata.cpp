#include "xylem/model/metadata.hpp"

#include <fmt/format.h>

#include "xylem/support/text.hpp"

namespace xylem {

std::string DatasetRef::describe() const { return fmt::format("dataset '{}' of '{}'", printable(path), printable(file)); }

}  // namespace xylem
