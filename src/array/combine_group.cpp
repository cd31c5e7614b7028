#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <utility>
#include <variant>

#include "xylem/array/combine.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/labelled_members.hpp"

namespace xylem {
namespace {

template <class T>
std::optional<std::vector<T>> converted(const std::vector<std::string>& names) {
  std::vector<T> result;
  for (const std::string& name : names) {
    const char* begin = name.data() + (name.starts_with('+') ? 1 : 0);
    const char* end = name.data() + name.size();
    T value{};
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    result.push_back(value);
  }
  return result;
}

std::string found_in(const std::string& name, const std::regex& pattern, const std::string& text) {
  std::smatch match;
  if (!std::regex_search(name, match, pattern)) {
    throw UsageError("'{}' is not found in the name '{}': each part needs a label", printable(text), printable(name));
  }
  return match[match.size() > 1 ? 1 : 0].str();
}

const AttributeValue* find_attribute(const Node& node, const std::string& name) {
  for (const Node* at = &node; at != nullptr; at = at->parent()) {
    const auto found = at->attributes().find(name);
    if (found != at->attributes().end()) return &found->second;
  }
  return nullptr;
}

std::string describe(const Node& node) { return fmt::format("'{}'", printable(node.path())); }

// What the group's type says, where the options do not.
GroupCombineOptions completed(const Group& group, GroupCombineOptions options) {
  const bool varies = group.type() == "HeterogeneousTimeSeriesGroup";
  if (options.dims.empty() && options.combine.dim.empty()) {
    if (!varies && group.type() != "TimeSeriesGroup") {
      throw UsageError("{} is no time series group, whose dim is known: name the dim to combine along", describe(group));
    }
    options.combine.dim = "time";
  }
  if (options.dims.size() == 1) {
    options.combine.dim = options.dims[0];
    options.dims.clear();
  }
  if (!options.labels_from) options.labels_from = LabelSource{varies ? LabelSource::Kind::data : LabelSource::Kind::name, {}};
  return options;
}

}  // namespace

LabelSource LabelSource::parse(const std::string& text) {
  if (text == "data") return {Kind::data, {}};
  if (text == "attrs") return {Kind::external, {}};
  if (text == "name") return {Kind::name, {}};
  if (text.starts_with("name:") && text.size() > 5) return {Kind::name, text.substr(5)};
  if (text.starts_with("attr:") && text.size() > 5) return {Kind::attribute, text.substr(5)};
  throw UsageError("labels come from data, name, name:REGEX, attr:NAME or attrs, not from '{}'", printable(text));
}

LabelValues labels_of_names(const std::vector<std::string>& names, const std::string& pattern) {
  std::vector<std::string> texts = names;
  if (!pattern.empty()) {
    try {
      const std::regex regex(pattern);
      for (std::string& text : texts) text = found_in(text, regex, pattern);
    } catch (const std::regex_error& error) {
      throw UsageError("'{}' is no regular expression ({})", printable(pattern), error.what());
    }
  }
  if (auto integers = converted<std::int64_t>(texts)) return std::move(*integers);
  if (auto reals = converted<double>(texts)) return std::move(*reals);
  return texts;
}

LabelValues labels_of_attributes(const std::vector<const Container*>& containers, const std::string& attribute) {
  std::vector<std::string> strings;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  for (const Container* container : containers) {
    const AttributeValue* value = find_attribute(*container, attribute);
    const std::string where = container->info().ref.describe();
    if (value == nullptr) {
      throw UsageError("{} has no attribute '{}', nor has a group above it: it has no label", where, printable(attribute));
    }
    if (value->size() != 1) {
      throw UsageError("the attribute '{}' of {} is {}: a label is one value", printable(attribute), where,
                       format_attribute(*value));
    }
    if (const auto text = value->as_string()) strings.push_back(*text);
    if (const auto real = value->as_doubles()) reals.push_back(real->front());
    const auto whole = value->is_integral() ? value->as_integers() : std::nullopt;
    if (whole) integers.push_back(whole->front());
  }
  if (integers.size() == containers.size()) return integers;
  if (reals.size() == containers.size()) return reals;
  if (strings.size() == containers.size()) return strings;
  throw UsageError("the attribute '{}' is a number in some parts and not in others", printable(attribute));
}

Array combine_group(const Group& group, const GroupCombineOptions& given, const std::function<Array(const Container&)>& array_of,
                    std::vector<std::string>* notes) {
  const GroupCombineOptions options = completed(group, given);
  std::vector<CombinePart> parts;
  std::vector<std::string> names;
  std::vector<const Container*> containers;
  std::size_t without = 0;
  std::string first_without;
  for (const auto& member : group.members()) {
    const auto* inner = dynamic_cast<const Group*>(member.get());
    const Node* node = options.field.empty() ? member.get() : inner == nullptr ? nullptr : inner->find(options.field);
    const auto* container = dynamic_cast<const Container*>(node);
    if (container == nullptr) {
      if (without++ == 0) first_without = describe(*member);
      continue;
    }
    parts.push_back({container->info().ref.describe(), array_of(*container)});
    names.push_back(member->name());
    containers.push_back(container);
  }
  if (parts.empty()) {
    throw UsageError("no member of {} has a dataset '{}' to combine", describe(group), printable(options.field));
  }
  if (without > 0) {
    const std::string text = fmt::format("{} of the members of {} have no dataset '{}' (the first is {})", without,
                                         describe(group), printable(options.field), first_without);
    if (options.combine.method == CombineMethod::concat) throw UsageError("{}: merge leaves them out", text);
    if (notes != nullptr) notes->push_back(text);
  }
  if (!options.dims.empty()) return detail::combine_labelled({std::move(parts), containers, names}, options, notes);
  CombineOptions all = options.combine;
  const LabelSource& from = *options.labels_from;
  if (from.kind == LabelSource::Kind::name) {
    all.labels = labels_of_names(names, from.detail);
    if (!options.absent.empty() && !parts[0].array.find_axis(all.dim)) {
      names.insert(names.end(), options.absent.begin(), options.absent.end());
      all.all_labels = labels_of_names(names, from.detail);
      std::visit([](auto& labels) { std::ranges::sort(labels); }, *all.all_labels);
      all.method = CombineMethod::merge;
    }
  }
  if (from.kind == LabelSource::Kind::attribute) all.labels = labels_of_attributes(containers, from.detail);
  if (from.kind == LabelSource::Kind::external) all.labels = detail::external_labels(parts, containers, all.dim);
  return combine(parts, all, notes);
}

}  // namespace xylem
