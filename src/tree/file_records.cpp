#include "detail/file_records.hpp"

#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/error.hpp"

namespace xylem::detail {
namespace {

// Which object has which elements of the table.
using ElementNumbers = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

}  // namespace

std::string RecordPacker::pack(FileMetadata metadata) {
  ElementNumbers numbers;
  for (std::size_t i = 0; i < metadata.objects.size(); ++i) {
    std::shared_ptr<const DatasetInfo>& dataset = metadata.objects[i].dataset;
    if (!dataset) continue;
    if (dataset->elements) {
      const auto [entry, is_new] = numbers_.emplace(*dataset->elements, static_cast<std::uint32_t>(elements_.size()));
      if (is_new) elements_.push_back(&entry->first);
      numbers.emplace_back(static_cast<std::uint32_t>(i), entry->second);
    }
    auto nameless = std::make_shared<DatasetInfo>(*dataset);
    nameless->ref.file.clear();
    dataset = std::move(nameless);
  }
  metadata.file.clear();
  return to_bytes(std::pair(std::move(metadata), std::move(numbers)));
}

std::string RecordPacker::table() const {
  std::vector<std::string> elements;
  for (const std::string* bytes : elements_) elements.push_back(*bytes);
  return to_bytes(elements);
}

RecordUnpacker::Table RecordUnpacker::read_table(std::string_view bytes) {
  Table table;
  for (std::string& elements : from_bytes<std::vector<std::string>>(bytes)) {
    const auto known = known_.find(elements);
    if (known != known_.end()) {
      table.push_back(known->second);
      continue;
    }
    table.push_back(std::make_shared<const std::string>(std::move(elements)));
    known_.emplace(*table.back(), table.back());
  }
  return table;
}

FileMetadata RecordUnpacker::unpack(std::string_view record, const Table& table, const std::string& file) {
  auto [metadata, numbers] = from_bytes<std::pair<FileMetadata, ElementNumbers>>(record);
  metadata.file = file;
  std::vector<DatasetInfo*> datasets(metadata.objects.size(), nullptr);
  for (std::size_t i = 0; i < metadata.objects.size(); ++i) {
    if (!metadata.objects[i].dataset) continue;
    datasets[i] = std::const_pointer_cast<DatasetInfo>(metadata.objects[i].dataset).get();  // it was made just now, for us alone
    datasets[i]->ref.file = file;
  }
  for (const auto& [object, number] : numbers) {
    if (object >= datasets.size() || datasets[object] == nullptr || number >= table.size()) {
      throw DataError("elements belong to no dataset");
    }
    datasets[object]->elements = table[number];
  }
  check_metadata(metadata);
  return metadata;
}

}  // namespace xylem::detail
