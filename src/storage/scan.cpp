#include "xylem/storage/scan.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "xylem/model/limits.hpp"
#include "xylem/storage/hdf5.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/attributes.hpp"
#include "detail/collected.hpp"
#include "detail/dataset_info.hpp"
#include "detail/scan_contents.hpp"

namespace xylem {
namespace {

struct LinkEntry {
  std::string name;
  H5L_type_t type;
};

using Collected = h5::Collected<LinkEntry>;

std::vector<LinkEntry> list_links(hid_t group, const std::string& where) {
  Collected links;
  const auto collect = [](hid_t, const char* name, const H5L_info_t* info, void* out) -> herr_t {
    return static_cast<Collected*>(out)->add([&] { return LinkEntry{name, info->type}; });
  };
  const h5::PropertyList properties(H5Gget_create_plist(group));
  unsigned order = 0;
  if (properties) H5Pget_link_creation_order(properties.get(), &order);
  const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  const herr_t listed = H5Literate(group, index, H5_ITER_INC, nullptr, collect, &links);
  std::vector<LinkEntry> result = links.take(listed, "cannot list the members of " + where);
  std::set<std::string_view> names;
  for (const LinkEntry& link : result) {
    if (!names.insert(link.name).second)
      throw DataError("group {} has two members named '{}': the file is damaged", where, printable(link.name));
  }
  return result;
}

class Scan {
 public:
  Scan(const std::string& path, ScanDepth depth) : file_(h5::open_readonly(path)), depth_of_scan_(depth) { result_.file = path; }

  FileMetadata run() {
    struct stat status {};
    if (stat(result_.file.c_str(), &status) == 0) {
      result_.size = status.st_size;
      result_.mtime_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    add_root();
    // Breadth first: the list of objects grows while it is walked.
    for (std::size_t i = 0; i < result_.objects.size(); ++i) {
      if (result_.objects[i].kind == ObjectKind::group) expand(static_cast<std::int32_t>(i));
    }
    resolve_soft_links();
    resolve_scales();
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string where(const std::string& path) const {
    return fmt::format("'{}' in '{}'", printable(path), printable(result_.file));
  }

  void add_root() {
    const h5::Object root = open(file_.get(), "/", "/");
    h5::ObjectId id;
    H5O_type_t type = H5O_TYPE_UNKNOWN;
    if (!h5::object_id(root.get(), id, type)) h5::fail("cannot read " + where("/"));
    ObjectInfo object;
    object.attributes = h5::read_attributes(root.get(), where("/"));
    add(std::move(object), "/", id);
  }

  [[nodiscard]] h5::Object open(hid_t from, const std::string& name, const std::string& path) const {
    h5::Object object(H5Oopen(from, name.c_str(), H5P_DEFAULT));
    if (!object) h5::fail("cannot open " + where(path));
    return object;
  }

  void add(ObjectInfo object, const std::string& path, const h5::ObjectId& id) {
    primary_.emplace(id, static_cast<std::int32_t>(result_.objects.size()));
    add_link(std::move(object), path);
  }

  void add_link(ObjectInfo object, const std::string& path) {
    const std::size_t depth = object.parent < 0 ? 0 : depth_[static_cast<std::size_t>(object.parent)] + 1;
    result_.objects.push_back(std::move(object));
    paths_.push_back(path);
    depth_.push_back(depth);
  }

  void expand(std::int32_t index) {
    const std::string path = paths_[static_cast<std::size_t>(index)];
    if (depth_[static_cast<std::size_t>(index)] >= max_group_depth) {
      result_.warnings.push_back(
          fmt::format("groups nested deeper than {} levels are left out, in '{}'", max_group_depth, printable(result_.file)));
      return;
    }
    const h5::Object group = open(file_.get(), path, path);
    for (const LinkEntry& link : list_links(group.get(), where(path))) {
      const std::string member_path = path == "/" ? "/" + link.name : path + "/" + link.name;
      ObjectInfo object;
      object.name = link.name;
      object.parent = index;
      if (link.type == H5L_TYPE_HARD) {
        add_object(group.get(), std::move(object), member_path);
      } else {
        object.kind = ObjectKind::link;
        object.link = read_link(group.get(), link, member_path);
        add_link(std::move(object), member_path);
      }
    }
  }

  void add_object(hid_t group, ObjectInfo object, const std::string& path) {
    // By its own name: a long path would be walked again for each member.
    const h5::Object opened = open(group, object.name, path);
    h5::ObjectId id;
    H5O_type_t type = H5O_TYPE_UNKNOWN;
    if (!h5::object_id(opened.get(), id, type)) h5::fail("cannot read " + where(path));
    if (const auto known = primary_.find(id); known != primary_.end()) {
      object.kind = ObjectKind::link;
      object.link = {LinkKind::hard, {}, paths_[static_cast<std::size_t>(known->second)], false};
      add_link(std::move(object), path);
      return;
    }
    if (type == H5O_TYPE_GROUP) {
      object.kind = ObjectKind::group;
      object.attributes = h5::read_attributes(opened.get(), where(path));
    } else if (type == H5O_TYPE_DATASET) {
      object.kind = ObjectKind::dataset;
      h5::ScannedDataset scanned = h5::read_dataset_info(opened.get(), {result_.file, path});
      if (depth_of_scan_ == ScanDepth::contents) h5::scan_contents(file_.get(), opened.get(), scanned.info);
      if (!scanned.scales.empty()) scales_.emplace_back(result_.objects.size(), std::move(scanned.scales));
      object.dataset = std::make_shared<const DatasetInfo>(std::move(scanned.info));
    } else {
      object.kind = ObjectKind::named_type;
    }
    add(std::move(object), path, id);
  }

  [[nodiscard]] LinkInfo read_link(hid_t group, const LinkEntry& link, const std::string& path) const {
    LinkInfo result;
    H5L_info_t info{};
    h5::check(H5Lget_info(group, link.name.c_str(), &info, H5P_DEFAULT), "cannot read link " + where(path));
    std::vector<char> value(info.u.val_size + 1, '\0');
    h5::check(H5Lget_val(group, link.name.c_str(), value.data(), info.u.val_size, H5P_DEFAULT),
              "cannot read link " + where(path));
    if (link.type == H5L_TYPE_SOFT) {
      result.kind = LinkKind::soft;
      result.target = value.data();
      return result;
    }
    result.kind = LinkKind::external;
    const char* file = nullptr;
    const char* target = nullptr;
    unsigned flags = 0;
    if (link.type != H5L_TYPE_EXTERNAL || H5Lunpack_elink_val(value.data(), info.u.val_size, &flags, &file, &target) < 0) {
      result.dangling = true;  // a user-defined kind of link, which only its own library can follow
      return result;
    }
    result.target_file = find_external(file);
    result.target = target;
    if (result.target.empty() || result.target[0] != '/') result.target = "/" + result.target;
    return result;
  }

  // As HDF5 does: beside the file, beside the file that a symbolic link leads to, then from the working folder.
  [[nodiscard]] std::string find_external(const std::string& file) const {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path beside = fs::path(result_.file).parent_path() / file;
    for (const fs::path& candidate : {beside, fs::weakly_canonical(result_.file, error).parent_path() / file, fs::path(file)}) {
      if (fs::exists(candidate, error)) return candidate.lexically_normal().string();
    }
    return beside.lexically_normal().string();
  }

  // Follows each soft link through HDF5 itself, which knows chains and relative targets. One that leads out of the file
  // keeps its path, for the tree to follow: a scan reads one file, other ranks read the others.
  void resolve_soft_links() {
    for (std::size_t i = 0; i < result_.objects.size(); ++i) {
      LinkInfo& link = result_.objects[i].link;
      if (result_.objects[i].kind != ObjectKind::link || link.kind != LinkKind::soft) continue;
      const h5::PropertyList access(H5Pcreate(H5P_LINK_ACCESS));
      H5Pset_elink_acc_flags(access.get(), H5F_ACC_RDONLY);
      H5Pset_elink_cb(access.get(), refuse_external, nullptr);
      const h5::Object target(H5Oopen(file_.get(), paths_[i].c_str(), access.get()));
      h5::ObjectId id;
      H5O_type_t type = H5O_TYPE_UNKNOWN;
      const bool found = target && h5::object_id(target.get(), id, type);
      const auto known = found ? primary_.find(id) : primary_.end();
      if (known != primary_.end()) {
        link.target = paths_[static_cast<std::size_t>(known->second)];
      } else {
        link.dangling = true;
        const std::string& group = paths_[static_cast<std::size_t>(result_.objects[i].parent)];
        if (link.target.empty() || link.target[0] != '/') link.target = (group == "/" ? "" : group) + "/" + link.target;
      }
    }
  }

  static herr_t refuse_external(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; }

  void resolve_scales() {
    for (auto& [index, ids] : scales_) {
      auto info = std::make_shared<DatasetInfo>(*result_.objects[index].dataset);
      for (const std::vector<h5::ObjectId>& of_dim : ids) {
        std::vector<std::string>& names = info->scales.emplace_back();
        for (const h5::ObjectId& id : of_dim) {
          const auto known = primary_.find(id);
          names.push_back(known == primary_.end() ? std::string() : paths_[static_cast<std::size_t>(known->second)]);
        }
      }
      result_.objects[index].dataset = std::move(info);
    }
  }

  h5::File file_;
  ScanDepth depth_of_scan_;
  FileMetadata result_;
  std::vector<std::string> paths_;
  std::vector<std::size_t> depth_;
  std::map<h5::ObjectId, std::int32_t> primary_;
  std::vector<std::pair<std::size_t, std::vector<std::vector<h5::ObjectId>>>> scales_;
};

}  // namespace

FileMetadata scan_file(const std::string& path, ScanDepth depth) { return Scan(path, depth).run(); }

}  // namespace xylem
