#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xylem {

/// True where `text` holds `*`, `?` or `[`: a pattern rather than a name.
bool is_glob(std::string_view text) noexcept;

/// Shell-like matching of a path: `?` and `[...]` match one character but '/', `*` any number of characters but '/', and `**` any
/// number of characters, '/' too ("a/**/b" matches "a/b" as well).
bool glob_match(std::string_view pattern, std::string_view path);

/// The members of `names` nearest to `name` (characters to change, insert, delete or exchange; letter case ignored), nearest
/// first, at most `count`: those of which no more than a third differs, in the whole path or in its last component. What has no
/// letter of that component in common is never near.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& names, std::size_t count = 3);

/// "; did you mean 'a', 'b' or 'c'?" from nearest_names, or an empty string.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

/// The length in bytes of the valid UTF-8 code point (RFC 3629: no overlong forms, no surrogates) that starts `text`, or 0.
std::size_t code_point_length(std::string_view text) noexcept;

/// The number of code points of UTF-8 text (bytes that are no UTF-8 count one each).
std::size_t text_width(std::string_view text) noexcept;

/// The text cut to `width` code points, its last one '…' where something was cut off.
std::string shorten(std::string_view text, std::size_t width);

/// The text with control characters and invalid UTF-8 made visible (\n, \x1b, ...), so that names from an untrusted file can be
/// printed on a terminal.
std::string printable(std::string_view text);

/// The text with A to Z in lower case.
std::string lower_ascii(std::string_view text);

/// "1 member", "2 members".
std::string plural(std::size_t count, std::string_view noun);

}  // namespace xylem
