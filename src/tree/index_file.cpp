#include "detail/index_file.hpp"

#include <cstring>
#include <filesystem>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/error.hpp"

namespace fs = std::filesystem;

namespace xylem::detail {
namespace {

// An index is: this line, a checksum of all behind it, then parts of bytes, each after its length. The line changes with what
// comes behind it: an older or newer program's index is scanned anew. The number that follows tells machines apart that order
// bytes in another way.
constexpr std::string_view magic = "xylem-index 2\n";
constexpr std::uint64_t byte_order = 0x0102030405060708;

// Tells damage, not malice: FNV-1a over words.
std::uint64_t checksum(std::string_view bytes) {
  constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t sum = 0xcbf29ce484222325 ^ bytes.size();
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), count);
    sum = (sum ^ word) * prime;
    sum ^= sum >> 32;
    bytes.remove_prefix(count);
  }
  return sum;
}

void append(std::string& out, std::uint64_t number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); }

void append_part(std::string& out, std::string_view part) {
  append(out, part.size());
  out += part;
}

std::uint64_t take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  if (bytes.size() < sizeof number) throw DataError("it is cut off");
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return number;
}

std::string_view take_part(std::string_view& bytes) {
  const std::uint64_t length = take_number(bytes);
  if (length > bytes.size()) throw DataError("it is cut off");
  const std::string_view part = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return part;
}

// Files in the folder of the index are named as from there.
std::string key_of(const std::string& real_path, const std::string& folder) {
  const std::string prefix = folder == "/" ? folder : folder + "/";
  return real_path.starts_with(prefix) ? real_path.substr(prefix.size()) : real_path;
}

// Where external links lead, as from their file's folder; and back, as the scan of a file of this name has it.
void make_links_relative(FileMetadata& metadata) {
  const fs::path folder = fs::path(metadata.file).parent_path();
  for (ObjectInfo& object : metadata.objects) {
    std::string& target = object.link.target_file;
    if (target.empty()) continue;
    const fs::path relative = fs::path(target).lexically_relative(folder.empty() ? "." : folder);
    if (!relative.empty()) target = relative.string();
  }
}
void resolve_links(FileMetadata& metadata) {
  const fs::path folder = fs::path(metadata.file).parent_path();
  for (ObjectInfo& object : metadata.objects) {
    std::string& target = object.link.target_file;
    if (!target.empty()) target = (folder / target).lexically_normal().string();
  }
}

}  // namespace

std::string pack_index(const std::vector<FileMetadata>& files, const std::vector<std::string>& real_paths,
                       const std::string& folder) {
  RecordPacker packer;
  std::map<std::string, IndexFile::Entry> entries;
  std::string records;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].warnings.empty() || files[i].objects.empty()) continue;
    FileMetadata portable = files[i];
    make_links_relative(portable);
    entries[key_of(real_paths[i], folder)] = {files[i].size, files[i].mtime_ns, count++};
    append_part(records, packer.pack(std::move(portable)));
  }
  std::string body;
  append(body, byte_order);
  append_part(body, to_bytes(entries));
  append_part(body, packer.table());
  append(body, count);
  body += records;
  std::string bytes(magic);
  append(bytes, checksum(body));
  return bytes + body;
}

IndexFile::IndexFile(std::string bytes, const std::string& folder) : bytes_(std::move(bytes)), folder_(folder) {
  std::string_view left = bytes_;
  if (!left.starts_with(magic)) {
    throw DataError("{}",
                    left.starts_with("xylem-index ") ? "another version of xylem has written it" : "it is no index of xylem's");
  }
  left.remove_prefix(magic.size());
  const std::uint64_t expected = take_number(left);
  std::string_view order = left;
  if (take_number(order) != byte_order) throw DataError("it is damaged, or of a machine that orders bytes in another way");
  if (checksum(left) != expected) throw DataError("it is damaged: its checksum is wrong");
  left = order;
  entries_ = from_bytes<decltype(entries_)>(take_part(left));
  RecordUnpacker unpacker;
  table_ = unpacker.read_table(take_part(left));
  const std::uint64_t count = take_number(left);
  for (std::uint64_t i = 0; i < count; ++i) records_.push_back(take_part(left));
  for (const auto& [name, entry] : entries_) {
    if (entry.record >= records_.size()) throw DataError("it is damaged: it knows a file by name only");
  }
}

const IndexFile::Entry* IndexFile::find(const std::string& real_path) const {
  const auto found = entries_.find(key_of(real_path, folder_));
  return found == entries_.end() ? nullptr : &found->second;
}

FileMetadata IndexFile::metadata(const Entry& entry, const std::string& file) const {
  FileMetadata metadata = RecordUnpacker::unpack(records_[entry.record], table_, file);
  metadata.size = entry.size;
  metadata.mtime_ns = entry.mtime_ns;
  resolve_links(metadata);
  return metadata;
}

}  // namespace xylem::detail
