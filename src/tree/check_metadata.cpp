#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/limits.hpp"
#include "xylem/support/error.hpp"

#include "detail/file_records.hpp"

namespace xylem::detail {
namespace {

void expect(bool condition, std::string_view what) {
  if (!condition) throw DataError("{}", what);
}

void check_type(const DType& type) { expect(type.type_class <= TypeClass::unsupported && type.size >= 0, "a type is none"); }

void check_attributes(const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    check_type(value.dtype);
    expect(std::ranges::all_of(value.shape, [](std::int64_t extent) { return extent >= 0; }), "an attribute's shape is none");
    if (std::holds_alternative<std::monostate>(value.data)) continue;
    const auto elements = value.null ? std::optional<std::int64_t>(0) : num_elements(value.shape);
    expect(elements && static_cast<std::size_t>(*elements) == value.size(),
           "an attribute has other elements than its shape says");
  }
}

void check_shape(const DatasetInfo& info) {
  expect(info.shape.size() <= 32 && info.max_shape.size() == info.shape.size(), "a dataset has too many dims");
  for (const std::int64_t extent : info.shape) expect(extent >= 0, "a dataset's shape is none");
  expect(info.layout <= Layout::external, "a dataset's layout is none");
  const bool is_chunked = info.layout == Layout::chunked;
  expect(info.chunk.size() == (is_chunked ? info.shape.size() : 0), "chunks have other dims than their dataset");
  for (const std::int64_t extent : info.chunk) expect(extent > 0 && extent < std::int64_t{1} << 32, "a chunk's shape is none");
}

void check_storage(const DatasetInfo& info, const StorageSummary& storage) {
  expect(storage.stored_bytes >= 0 && storage.allocated_chunks >= 0, "less than nothing is stored of a dataset");
  const std::int64_t most = info.layout == Layout::chunked ? ChunkGrid(info.shape, info.chunk).size() : 1;
  expect(storage.allocated_chunks <= most, "a dataset has more chunks than fit in it");
  expect(storage.sparse_chunks.empty() || std::ssize(storage.sparse_chunks) == storage.allocated_chunks,
         "a dataset has other chunks than it says");
  expect(std::ranges::adjacent_find(storage.sparse_chunks, std::ranges::greater_equal{}) == storage.sparse_chunks.end(),
         "chunks of a dataset are not in order");
  for (const Shape& start : storage.sparse_chunks) {
    expect(info.layout == Layout::chunked && start.size() == info.shape.size(), "a chunk has other dims than its dataset");
    for (std::size_t d = 0; d < start.size(); ++d) {
      expect(start[d] >= 0 && start[d] < info.shape[d] && start[d] % info.chunk[d] == 0, "a chunk is outside its dataset");
    }
  }
}

void check_dataset(const DatasetInfo& info) {
  check_type(info.dtype);
  check_shape(info);
  check_attributes(info.attributes);
  const auto element = static_cast<std::size_t>(info.dtype.size);
  expect(info.fill.empty() || info.fill.size() == element, "a fill value has other bytes than an element");
  expect(info.scales.empty() || info.scales.size() == info.shape.size(), "scales belong to other dims than there are");
  const auto elements = num_elements(info.shape);
  if (info.storage) {
    expect(elements.has_value(), "a dataset has more elements than can be counted");
    check_storage(info, *info.storage);
  }
  if (info.elements) {
    expect(info.dtype.is_numeric() && element > 0 && elements && info.elements->size() % element == 0 &&
               info.elements->size() / element == static_cast<std::size_t>(*elements),
           "a dataset has other elements than its shape says");
  }
}

}  // namespace

void check_metadata(const FileMetadata& metadata) {
  const auto& objects = metadata.objects;
  expect(!objects.empty() && objects[0].kind == ObjectKind::group && objects[0].parent == -1, "there is no root group");
  std::set<std::pair<std::int32_t, std::string_view>> names;
  std::vector<std::size_t> depth(objects.size(), 0);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const ObjectInfo& object = objects[i];
    expect(object.kind <= ObjectKind::link && object.link.kind <= LinkKind::external, "an object is of no kind");
    expect((object.kind == ObjectKind::dataset) == (object.dataset != nullptr), "an object is a dataset and is not");
    check_attributes(object.attributes);
    if (object.dataset) check_dataset(*object.dataset);
    if (i == 0) continue;
    expect(object.parent >= 0 && static_cast<std::size_t>(object.parent) < i &&
               objects[static_cast<std::size_t>(object.parent)].kind == ObjectKind::group,
           "an object is in no group");
    depth[i] = depth[static_cast<std::size_t>(object.parent)] + 1;
    expect(depth[i] <= max_group_depth, "groups are nested too deeply");
    expect(names.emplace(object.parent, object.name).second, "a group has two members of one name");
  }
}

}  // namespace xylem::detail
