#include "xylem/array/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>
#include <set>

#include "xylem/array/source.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"
#include "xylem/tree/labels.hpp"

#include "detail/build.hpp"
#include "detail/labelled_members.hpp"

namespace xylem {
namespace {

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// A file's name without its folder and ending.
std::string stem(const std::string& file) { return std::filesystem::path(file).stem().string(); }

// As a word of its own, or part of a path.
bool occurs(const std::string& name, const std::string& text) {
  const auto is_of_a_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
  };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !is_of_a_word(text[at - 1]) || !is_of_a_word(name.front());
    if (begins && (end == text.size() || !is_of_a_word(text[end]) || !is_of_a_word(name.back()))) return true;
  }
  return false;
}

template <class Visit>
void for_each_member(const Group& group, const std::string& prefix, const Visit& visit) {
  for (const auto& member : group.members()) {
    const std::string path = prefix + "/" + member->name();
    visit(path, *member);
    if (const auto* inner = dynamic_cast<const Group*>(member.get())) for_each_member(*inner, path, visit);
  }
}

// The dataset that holds a coordinate; null where it is not in the tree.
std::shared_ptr<const DatasetInfo> dataset_of(const FileTree& file, const Coord& coord) {
  const auto* found = dynamic_cast<const Container*>(file.root->find(coord.path));
  return found == nullptr ? nullptr : found->proxy().shared_info();
}

bool same_labels(const Array& a, const Array& b, const std::string& dim) {
  const Coordinate* left = a.find_coord(dim);
  const Coordinate* right = b.find_coord(dim);
  if (left == nullptr || right == nullptr || !left->values || !right->values) return true;
  return detail::same_coordinate(*left, *right);
}

}  // namespace

Catalog::Catalog(const Tree& tree, const std::vector<std::string>& texts, CatalogOptions options)
    : tree_(tree), options_(std::move(options)) {
  for (const FileTree& file : tree.files) {
    for_each_member(*file.root, "", [&](const std::string& path, const Node& node) {
      const std::string name = last_name(path);
      if (std::ranges::none_of(texts, [&](const std::string& text) { return occurs(name, text); })) return;
      const Place place = tree.follow({&file, &node});
      const auto* container = dynamic_cast<const Container*>(place.node);
      if (container == nullptr || options_.unlabelled.contains(container->info().ref.file)) return;
      if (container->info().null || !container->info().dtype.is_numeric()) {
        others_.push_back({&file, container, path});
        return;
      }
      entries_.push_back({&file, container, path});
      for (const Coord& coord : labels(*container).coords) {
        if (coord.mode != CoordMode::dataset && coord.mode != CoordMode::linked) continue;
        const auto info = dataset_of(*place.file, coord);
        if (!info || !coordinate_numbers_.emplace(info.get(), coordinates_.size()).second) continue;
        coordinates_.push_back(info);
        decodings_.push_back(cf_decoding(*info, notes_));
      }
    });
  }
  known_.resize(coordinates_.size());
}

void Catalog::know(const std::vector<std::shared_ptr<const LabelValues>>& values) { known_ = values; }

ExpressionNames Catalog::names() {
  return {[this](const std::string& name) { return find(name); },
          [this] {
            std::set<std::string> all;
            for (const FileTree& file : tree_.files) {
              for_each_member(*file.root, "", [&](const std::string& path, const Node& node) {
                if (dynamic_cast<const Group*>(&node) == nullptr) all.insert({path.substr(1), last_name(path)});
              });
            }
            return std::vector<std::string>(all.begin(), all.end());
          }};
}

// In each file the dataset at this path, or the only one of this name.
std::vector<Catalog::Entry> Catalog::entries(const std::string& name) const {
  const std::string path = name.starts_with('/') ? name : "/" + name;
  std::vector<Entry> found;
  for (std::size_t begin = 0, end = 0; begin < entries_.size(); begin = end) {
    while (end < entries_.size() && entries_[end].file == entries_[begin].file) ++end;
    std::vector<Entry> here;
    for (std::size_t i = begin; i < end; ++i) {
      if (entries_[i].path == path) here = {entries_[i]};
    }
    if (here.empty() && name.find('/') == std::string::npos) {
      for (std::size_t i = begin; i < end; ++i) {
        if (last_name(entries_[i].path) == name) here.push_back(entries_[i]);
      }
    }
    if (here.size() > 1) {
      std::vector<std::string> paths;
      for (const Entry& entry : here) paths.push_back(printable(entry.path));
      throw UsageError("'{}' stands for {} datasets of '{}': write one of the paths {}", printable(name), here.size(),
                       printable(here[0].file->file), fmt::join(paths, ", "));
    }
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

Array Catalog::array(const Entry& entry) {
  const DatasetInfo& info = entry.container->info();
  const CfDecoding decoding = options_.decode_cf ? cf_decoding(info, notes_) : CfDecoding{};
  return lazy(*entry.container, labels(*entry.container), decoding, [this](const DatasetInfo& coordinate) {
    const auto number = coordinate_numbers_.find(&coordinate);
    return number == coordinate_numbers_.end() ? nullptr : known_[number->second];
  });
}

std::optional<Array> Catalog::find(const std::string& name) {
  if (const auto known = found_.find(name); known != found_.end()) return known->second;
  const std::vector<Entry> all = entries(name);
  if (all.empty()) {
    const auto other = std::ranges::find_if(others_, [&](const Entry& entry) {
      return entry.path == (name.starts_with('/') ? name : "/" + name) || last_name(entry.path) == name;
    });
    if (other != others_.end()) return array(*other);  // which says why it is none
    return std::nullopt;
  }
  if (all.size() < tree_.files.size()) {
    notes_.push_back(fmt::format("'{}' is in {} of {} files only", printable(name), all.size(), tree_.files.size()));
  }
  std::vector<Array> arrays;
  for (const Entry& entry : all) {
    const bool is_missing = all.size() > 1 && options_.damaged.contains(entry.container->info().ref.file);
    arrays.push_back(is_missing ? missing_like(array(entry)) : array(entry));
  }
  // The one that is left of several gets a new dim all the same.
  const bool is_left = options_.concat && tree_.files.size() == 1 && !tree_.skipped.empty();
  return found_.emplace(name, arrays.size() == 1 && !is_left ? arrays[0] : join(name, all, arrays)).first->second;
}

Array Catalog::get(const std::string& name) {
  if (auto found = find(name)) return *found;
  throw UsageError("there is no dataset '{}'{}", printable(name), did_you_mean(name, names().all()));
}

Array Catalog::joined_along(const std::string& dim, const std::vector<Entry>& entries, const std::vector<Array>& arrays) {
  std::vector<CombinePart> parts;
  std::vector<const Container*> containers;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    parts.push_back({entries[i].container->info().ref.describe(), arrays[i]});
    containers.push_back(entries[i].container);
    names.push_back(stem(entries[i].file->file));
  }
  CombineOptions options{dim, options_.method, options_.join, {}, {}};
  const LabelSource& from = options_.labels_from;
  const bool by_name = from.kind == LabelSource::Kind::name;
  if (by_name) options.labels = labels_of_names(names, from.detail);
  if (from.kind == LabelSource::Kind::attribute) options.labels = labels_of_attributes(containers, from.detail);
  if (from.kind == LabelSource::Kind::external) options.labels = detail::external_labels(parts, containers, dim);
  const bool is_new = std::ranges::none_of(arrays, [&](const Array& array) { return array.find_axis(dim).has_value(); });
  if (is_new && !tree_.skipped.empty() && (by_name || (!options.labels && !arrays[0].find_coord(dim)))) {
    // Places for all files, in the order in which they would be joined. Labels that are in the files themselves are not known of
    // those that cannot be read.
    std::vector<std::string> all;
    for (const Entry& entry : entries) all.push_back(entry.file->file);
    for (const SkippedFile& file : tree_.skipped) all.push_back(file.file);
    std::ranges::sort(all);
    std::vector<std::int64_t> numbers(all.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    if (by_name) {
      std::ranges::transform(all, all.begin(), stem);
      options.all_labels = labels_of_names(all, from.detail);
    } else {
      std::vector<std::int64_t> mine;
      for (const Entry& entry : entries) mine.push_back(std::ranges::lower_bound(all, entry.file->file) - all.begin());
      options.labels = std::move(mine);
      options.all_labels = std::move(numbers);
    }
    options.method = CombineMethod::merge;
  }
  return combine(parts, options, &notes_);
}

Array Catalog::join(const std::string& name, const std::vector<Entry>& entries, const std::vector<Array>& arrays) {
  const Array& first = arrays[0];
  if (options_.concat) {
    // Where some have it and others do not, joining them says so.
    const auto has_it = [&](const Array& array) { return array.find_axis(*options_.concat).has_value(); };
    if (std::ranges::any_of(arrays, has_it)) return joined_along(*options_.concat, entries, arrays);
    const bool anywhere = std::ranges::any_of(entries_, [&](const Entry& entry) {
      const auto dims = labels(*entry.container).dims;
      return std::ranges::find(dims, *options_.concat) != dims.end();
    });
    if (!anywhere) return joined_along(*options_.concat, entries, arrays);
    if (arrays.size() == 1) return first;
    notes_.push_back(fmt::format("'{}' has no dim '{}': it is taken from the first of {} files", printable(name),
                                 printable(*options_.concat), arrays.size()));
    return first;
  }
  std::vector<std::string> different;
  for (const Dim& dim : first.dims()) {
    const bool same = std::ranges::all_of(arrays, [&](const Array& other) {
      const auto axis = other.find_axis(dim.name);
      return axis && other.dims()[*axis].size == dim.size && same_labels(first, other, dim.name);
    });
    if (!same) different.push_back(dim.name);
  }
  if (different.size() == 1) return joined_along(different[0], entries, arrays);
  if (different.empty()) {
    const auto* source = std::get_if<SourceNode>(&first.node().kind);
    XYLEM_EXPECT(source != nullptr, "a dataset's array");
    const Coordinate* own = first.ndim() == 1 ? first.find_coord(first.dims()[0].name) : nullptr;
    if (own != nullptr && own->name == last_name(source->info->ref.path)) return first;  // the same coordinate in all files
    for (std::size_t d = 0; d < source->info->max_shape.size(); ++d) {
      if (source->info->max_shape[d] == -1 && first.find_coord(first.dims()[d].name) == nullptr) {
        return joined_along(first.dims()[d].name, entries, arrays);
      }
    }
    throw UsageError(
        "'{}' is in {} files, with the same dims and labels in all: name the dim to join them along with --concat (a new name "
        "numbers "
        "the files)",
        printable(name), arrays.size());
  }
  throw UsageError("'{}' is in {} files, which differ along {}: name the dim to join them along with --concat", printable(name),
                   arrays.size(), fmt::join(different, " and "));
}

}  // namespace xylem
