#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xylem/array/expression.hpp"
#include "xylem/array/reference.hpp"
#include "xylem/array/source.hpp"
#include "xylem/support/error.hpp"

namespace xylem::test {

inline DType dtype_of(ElementType type) {
  const TypeClass kind = type == ElementType::boolean ? TypeClass::boolean
                         : is_signed_integer(type)    ? TypeClass::integer
                         : is_unsigned_integer(type)  ? TypeClass::uinteger
                                                      : TypeClass::floating;
  return {kind, element_size(type)};
}

/// Sources with their values in memory, by name.
class Memory {
 public:
  Array add(const std::string& name, ElementType type, const std::vector<Dim>& dims, std::vector<Number> values,
            std::vector<Coordinate> coords = {}, Attributes attributes = {}) {
    auto info = std::make_shared<DatasetInfo>();
    info->ref = {"memory.h5", name};
    info->dtype = dtype_of(type);
    info->attributes = std::move(attributes);
    std::vector<std::string> names;
    for (const Dim& dim : dims) {
      info->shape.push_back(dim.size);
      names.push_back(dim.name);
    }
    values_[name] = std::move(values);
    arrays_.insert_or_assign(name, source(info, {}, names, std::move(coords)));
    return arrays_.at(name);
  }

  [[nodiscard]] ExpressionNames names() const {
    return {[this](const std::string& name) -> std::optional<Array> {
              const auto found = arrays_.find(name);
              return found == arrays_.end() ? std::nullopt : std::optional(found->second);
            },
            [this] {
              std::vector<std::string> all;
              for (const auto& [name, array] : arrays_) all.push_back(name);
              return all;
            }};
  }

  [[nodiscard]] Array parse(const std::string& text) const { return parse_expression(text, names()); }
  [[nodiscard]] ReferenceArray evaluate(const Array& array) const {
    return evaluate_reference(array, [this](const SourceNode& node) { return values_.at(node.info->ref.path); });
  }

 private:
  std::map<std::string, Array> arrays_;
  std::map<std::string, std::vector<Number>> values_;
};

inline Coordinate known(const std::string& dim, LabelValues values) {
  return {dim, {dim}, std::make_shared<const LabelValues>(std::move(values)), std::nullopt};
}

/// The message of the UsageError that a call throws.
template <class F>
std::string message_of(F&& call) {
  try {
    static_cast<void>(call());
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace xylem::test
