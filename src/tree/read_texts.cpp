#include "detail/read_texts.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/text.hpp"

namespace xylem {
namespace {

constexpr std::int64_t max_text_bytes = std::int64_t{256} << 20;  // every rank holds it

std::string read_text(const std::string& file) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  std::string text;
  if (size > max_text_bytes) {
    throw ResourceError("'{}' has {}: files of up to {} are loaded as text or YAML", printable(file), format_bytes(size),
                        format_bytes(max_text_bytes));
  }
  if (size >= 0) {
    text.resize(static_cast<std::size_t>(size));
    stream.seekg(0).read(text.data(), size);
  }
  if (size < 0 && errno == ENOENT) throw UsageError("no such file: '{}'", printable(file));
  if (size < 0 || !stream) throw ResourceError("'{}' cannot be read ({})", printable(file), std::strerror(errno));
  return text;
}

// A file's text, or why there is none.
using Read = std::pair<bool, std::string>;

}  // namespace

std::vector<std::optional<std::string>> read_texts(const Communicator& comm, const std::vector<std::string>& files, bool skip,
                                                   std::vector<std::string>& warnings) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const std::string own = comm.agree([&] {
    std::vector<Read> texts;
    for (auto i = static_cast<std::size_t>(comm.rank()); i < files.size(); i += ranks) {
      try {
        texts.emplace_back(true, read_text(files[i]));
      } catch (const Error& error) {
        if (!skip) throw;
        texts.emplace_back(false, error.what());
      }
    }
    return to_bytes(texts);
  });
  std::vector<std::vector<Read>> gathered;
  for (std::string& bytes : comm.all_gather(own)) gathered.push_back(from_bytes<std::vector<Read>>(std::move(bytes)));
  std::vector<std::optional<std::string>> result(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto& [read, text] = gathered[i % ranks][i / ranks];
    if (read) {
      result[i] = std::move(text);
    } else {
      warnings.push_back(fmt::format("left out: {}", text));
    }
  }
  return result;
}

}  // namespace xylem
