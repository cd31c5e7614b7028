#pragma once

#include <string_view>

namespace xylem {

/// Writes text to standard error. Where that is full or closed the text is lost: there is nowhere left to say so, and a message
/// is no reason to end otherwise.
void write_stderr(std::string_view text) noexcept;

/// Gives standard streams that the process was started without (`2>&-`) a place that takes and gives nothing. Otherwise the next
/// file opened would become one of them, and messages would be written into that file. Call first in main().
void fill_closed_streams() noexcept;

}  // namespace xylem
