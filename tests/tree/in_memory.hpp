#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xylem/tree/load.hpp"

// Trees made without files, for tests of what is told of them.
namespace xylem::test {

inline AttributeValue text(const std::string& value) { return {{TypeClass::string}, {}, false, std::vector<std::string>{value}}; }

inline AttributeValue texts(const std::vector<std::string>& values) {
  return {{TypeClass::string}, {static_cast<std::int64_t>(values.size())}, false, values};
}

inline AttributeValue integers(const std::vector<std::int64_t>& values) {
  return {{TypeClass::integer, 8}, {static_cast<std::int64_t>(values.size())}, false, values};
}

inline AttributeValue reals(const std::vector<double>& values) {
  return {{TypeClass::floating, 8}, {static_cast<std::int64_t>(values.size())}, false, values};
}

inline AttributeValue scalar(AttributeValue value) {
  value.shape.clear();
  return value;
}

inline Group& add_group(Group& parent, const std::string& name, Attributes attributes = {}) {
  return dynamic_cast<Group&>(parent.add(std::make_unique<Group>(name, std::move(attributes))));
}

// GCC takes a reference that is returned for a part of any temporary that was an argument.
#if defined(__GNUC__) && __GNUC__ >= 14
#define XYLEM_NOT_OF_ARGUMENTS [[gnu::no_dangling]]
#else
#define XYLEM_NOT_OF_ARGUMENTS
#endif

/// A float32 dataset without data, filled in by `edit` before it becomes a member of `parent`.
template <class Edit>
XYLEM_NOT_OF_ARGUMENTS Container& add_dataset(Group& parent, const std::string& name, const Shape& shape, Edit&& edit) {
  DatasetInfo info;
  const std::string path = parent.path();
  info.ref = {"f.h5", (path == "/" ? path : path + "/") + name};
  info.dtype = {TypeClass::floating, 4};
  info.shape = shape;
  info.max_shape = shape;
  edit(info);
  return dynamic_cast<Container&>(parent.add(std::make_unique<Container>(name, std::make_shared<const DatasetInfo>(info))));
}

XYLEM_NOT_OF_ARGUMENTS inline Container& add_dataset(Group& parent, const std::string& name, const Shape& shape,
                                                     const Attributes& attributes = {}) {
  return add_dataset(parent, name, shape, [&](DatasetInfo& info) { info.attributes = attributes; });
}

inline FileTree make_file(const std::string& file = "f.h5", Attributes attributes = {}) {
  return {file, std::make_unique<Group>(file, std::move(attributes)), 0};
}

}  // namespace xylem::test
