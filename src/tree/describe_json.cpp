#include <type_traits>

#include "xylem/tree/describe.hpp"

#include "detail/describe.hpp"
#include "detail/labels.hpp"
#include "detail/write.hpp"

namespace xylem {
namespace {

template <class T>
void write_optional(JsonWriter& json, const char* key, const std::optional<T>& value) {
  json.key(key);
  if (value) {
    json.value(*value);
  } else {
    json.null();
  }
}

// Null where it is undefined or the type is not numeric.
void write_fill(JsonWriter& json, const DatasetInfo& info) {
  json.key("fill_value");
  std::visit(
      [&](const auto& value) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          json.value(value);
        } else if (info.dtype.is_numeric() && info.fill_defined) {
          json.value(0);
        } else {
          json.null();
        }
      },
      decode_fill(info));
}

void write_filter_parameters(JsonWriter& json, const DatasetInfo& info) {
  json.key("filter_parameters").begin_array();
  for (const FilterInfo& filter : info.filters) {
    json.begin_object().key("id").value(filter.id).key("name").value(filter.name).key("parameters");
    json.inline_array({filter.parameters.begin(), filter.parameters.end()}).end_object();
  }
  json.end_array();
}

}  // namespace

std::string describe_dataset_json(const Container& container, const std::optional<StorageSummary>& storage) {
  const DatasetInfo& info = container.info();
  const DatasetFacts facts = gather_facts(container, storage);
  JsonWriter json;
  json.begin_object().key("file").value(info.ref.file).key("path").value(info.ref.path).key("kind").value("dataset");
  write_dataset(json, info, facts.labels);
  write_attributes(json, info.attributes);
  json.key("dtype_detail").value(info.dtype.detail).key("big_endian").value(info.dtype.big_endian);
  json.key("itemsize").value(info.dtype.size);
  write_filter_parameters(json, info);
  write_fill(json, info);
  json.key("fill_defined").value(info.fill_defined);
  if (facts.grid) {
    json.key("chunk_grid").inline_array(facts.grid->grid()).key("chunk_count").value(facts.grid->size());
    json.key("overhang").inline_array(facts.overhang);
  }
  write_optional(json, "elements", facts.elements);
  write_optional(json, "size", facts.bytes);
  if (storage) {
    json.key("allocated_chunks").value(storage->allocated_chunks).key("stored").value(storage->stored_bytes);
    write_optional(json, "ratio", facts.ratio);
  }
  json.key("problems").begin_array();
  for (const std::string& problem : facts.problems) json.value(problem);
  return json.end_array().end_object().str();
}

std::string describe_group_json(const Group& group) {
  JsonWriter json;
  json.begin_object().key("file").value(root_of(group).name()).key("path").value(group.path()).key("kind").value("group");
  json.key("members").begin_array();
  for (const auto& member : group.members()) json.value(member->name());
  json.end_array();
  write_attributes(json, group.attributes());
  return json.end_object().str();
}

std::string describe_link_json(const Tree& tree, const FileTree& from, const Link& link) {
  JsonWriter json;
  json.begin_object().key("file").value(from.file).key("path").value(link.path()).key("kind").value("link");
  write_link(json, tree, from, link);
  return json.end_object().str();
}

}  // namespace xylem
