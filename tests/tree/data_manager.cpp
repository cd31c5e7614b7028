#include "xylem/tree/data_manager.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "xylem/support/error.hpp"
#include "xylem/tree/labels.hpp"
#include "xylem/tree/object.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"

using namespace xylem;
using test::world;
namespace fs = std::filesystem;

namespace {

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    EXPECT_TRUE(error.agreed());
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// a.h5, b.h5, c.h5 with a dataset x each, and more that is asked for.
class Manager : public testing::Test {
 protected:
  void SetUp() override {
    path_ = world().broadcast(folder_.file(""), 0);
    on_one_rank([&] {
      fs::create_directories(path_ + "my data");
      for (const char* name : {"a", "b", "c"}) test::create_dataset(test::create_file(at(name) + ".h5").get(), "x");
      test::write_bytes(at("log.txt"), "text");
      test::write_bytes(at("values.yml"), "[1, 2.5]");
      test::write_bytes(at("names.yml"), "[a, '1']");
      test::write_bytes(at("map.yml"), "{a: {b: 3}}");
    });
    data_.emplace(world(), path_ + "my data");
  }
  void TearDown() override {
    world().agree([] {});
  }

  template <class F>
  static void on_one_rank(F&& f) {
    world().agree([&] {
      if (world().rank() == 0) f();
    });
  }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "my data/" + name; }
  [[nodiscard]] std::vector<std::string> members(const std::string& path) const {
    std::vector<std::string> names;
    for (const auto& member : dynamic_cast<const Group&>(*data_->find(path)).members()) names.push_back(member->name());
    return names;
  }
  [[nodiscard]] std::string last_warning() const { return data_->warnings().empty() ? "" : data_->warnings().back(); }

  test::TemporaryFolder folder_;
  std::string path_;
  std::optional<DataManager> data_;
};

using Names = std::vector<std::string>;

TEST_F(Manager, IsNamedAfterItsFolder) {
  EXPECT_EQ(data_->root().name(), "my_data_Manager");
  EXPECT_EQ(data_->data_dir(), path_ + "my data");
  EXPECT_EQ(DataManager(world(), path_, "runs").root().name(), "runs");
  EXPECT_EQ(data_->tree(), "Tree of DataManager 'my_data_Manager', 0 members, 0 attributes\n");
  EXPECT_TRUE(has(message_of<UsageError>([&] { DataManager(world(), at("nowhere")); }), "is not there, or is no folder"));
  EXPECT_THROW(DataManager(world(), at("a.h5")), UsageError);
}

TEST_F(Manager, FilesThatAreNotThere) {
  data_->load("none", {.loader = "hdf5", .glob_str = "none*.h5"});
  EXPECT_TRUE(has(last_warning(), "load entry 'none': no file below")) << last_warning();
  const auto message =
      message_of<UsageError>([&] { data_->load("none", {.loader = "hdf5", .glob_str = "*.h4", .required = true}); });
  EXPECT_TRUE(has(message, "matches '*.h4', and it is required")) << message;
  EXPECT_TRUE(has(message_of<UsageError>(
                      [&] { data_->load_from_cfg("a:\n  loader: hdf5\n  glob_str: '*.h5'\n  ignore: '*'\n  required: true\n"); }),
                  "load configuration:1:1: load entry 'a': no file below"))
      << message;
  data_->load("off", {.loader = "hdf5", .glob_str = "none*.h5", .enabled = false, .required = true});
}

TEST_F(Manager, ExistingMembers) {
  const LoadOptions options{.loader = "hdf5_proxy", .glob_str = "*.h5", .target_path = "all/{basename}"};
  data_->load("first", options);
  EXPECT_EQ(members("all"), (Names{"a", "b", "c"}));
  EXPECT_TRUE(has(message_of<UsageError>([&] { data_->load("second", options); }),
                  "a.h5': 'all/a' is in the tree already; exists_action can be set"));
  LoadOptions again = options;
  again.loader = "text";
  again.glob_str = "b.h5";
  again.exists_action = ExistsAction::skip;
  data_->load("third", again);
  EXPECT_TRUE(has(last_warning(), "'all/b' is in the tree already, and is skipped")) << last_warning();
  EXPECT_EQ(data_->files().files.size(), 3u);
  again.exists_action = ExistsAction::overwrite;
  data_->load("fourth", again);
  EXPECT_TRUE(has(last_warning(), "'all/b' is in the tree already, and is overwritten")) << last_warning();
  EXPECT_EQ(members("all"), (Names{"a", "c", "b"}));
  EXPECT_EQ(data_->files().files.size(), 2u);
  EXPECT_NE(dynamic_cast<const TextContainer*>(data_->find("all/b")), nullptr);
  EXPECT_TRUE(has(message_of<UsageError>(
                      [&] { data_->load("below", {.loader = "text", .glob_str = "log.txt", .target_path = "all/a/x/y"}); }),
                  "'all/a/x' is no group, and cannot hold a member"));
  EXPECT_TRUE(has(message_of<UsageError>([&] { world().agree([&] { (void)data_->new_group("all/b"); }); }), "is no group"));
  EXPECT_THROW((void)data_->new_group("all//b"), UsageError);
}

TEST_F(Manager, OneCorruptFile) {
  on_one_rank([&] { fs::resize_file(at("b.h5"), 100); });
  LoadOptions options{.loader = "hdf5_proxy", .glob_str = "*.h5"};
  EXPECT_TRUE(has(message_of<Error>([&] { data_->load("all", options); }), "b.h5"));
  options.on_error = FileErrorAction::skip;
  data_->load("all", options);
  EXPECT_EQ(members("all"), (Names{"a", "c"}));
  EXPECT_TRUE(has(last_warning(), "load entry 'all': left out: ") && has(last_warning(), "b.h5")) << last_warning();
  on_one_rank([&] { test::write_bytes(at("names.yml"), "a: [1\n"); });
  options = {.loader = "yaml", .glob_str = "*.yml"};
  EXPECT_TRUE(has(message_of<DataError>([&] { data_->load("yaml", options); }), "names.yml:2:1: this is no YAML"));
  options.on_error = FileErrorAction::skip;
  data_->load("yaml", options);
  EXPECT_EQ(members("yaml"), (Names{"map", "values"}));
  EXPECT_TRUE(has(last_warning(), "left out: ")) << last_warning();
}

TEST_F(Manager, Attributes) {
  data_->load("a", {.loader = "hdf5_proxy", .glob_str = "a.h5"});
  const auto attach = [&](const std::string& name, const std::string& file, const std::string& loader, bool unpack,
                          const char* target) {
    data_->load(name, {.loader = loader, .glob_str = file, .target_path = target, .load_as_attr = true, .unpack_data = unpack});
  };
  attach("log", "log.txt", "text", true, "a/x");
  attach("values", "values.yml", "yaml", true, "a/x");
  attach("names", "names.yml", "yaml", true, "a/x");
  attach("map", "map.yml", "yaml", true, "a/x");
  attach("packed", "values.yml", "yaml", false, "a/x");
  attach("group", "b.h5", "hdf5_proxy", false, "a");
  const Node& x = *data_->find("a/x");
  EXPECT_EQ(x.attribute_count(), 5u);
  EXPECT_EQ(x.attributes().at("log").as_string(), "text");
  EXPECT_EQ(x.attributes().at("values").as_doubles(), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(x.attributes().at("names").as_strings(), (Names{"a", "1"}));
  EXPECT_EQ(dynamic_cast<const YamlContainer&>(*x.objects().at("map")).content()["a"]["b"].as<int>(), 3);
  EXPECT_EQ(x.objects().at("packed")->name(), "packed");
  EXPECT_NE(dynamic_cast<const Group&>(*data_->find("a")->objects().at("group")).find("x"), nullptr);
  const std::string tree = data_->tree({.attributes = true});
  EXPECT_TRUE(has(tree, "5 attributes>") && has(tree, "@ map = <YamlContainer, dict, 1 attribute>")) << tree;
  EXPECT_TRUE(
      has(message_of<UsageError>([&] { attach("log", "log.txt", "text", true, "a/x"); }), "has an attribute 'log' already"));
  EXPECT_TRUE(has(message_of<UsageError>([&] { attach("log", "log.txt", "text", true, "a/y"); }),
                  "there is no 'a/y' to hold the attribute"));
}

TEST_F(Manager, FilesOutsideOfTheFolderAndUnderTwoNames) {
  on_one_rank([&] {
    fs::create_directories(path_ + "other [1]");
    fs::create_symlink(at("a.h5"), path_ + "other [1]/link.h5");
    fs::create_symlink(at("none.h5"), path_ + "other [1]/lost.h5");
  });
  data_->load("linked",
              {.loader = "hdf5_proxy", .glob_str = "*.h5", .base_path = path_ + "other [1]", .target_path = "linked/{relpath}"});
  EXPECT_EQ(members("linked"), Names{"link"});
  data_->load("both", {.loader = "hdf5_proxy", .glob_str = std::vector<std::string>{"a.h5", "../other*/l*.h5", at("a*.h5")}});
  EXPECT_EQ(members("both"), (Names{"a", "link"}));  // sorted by path, each name once
  data_->load("dirname", {.loader = "text", .glob_str = "../other*/link.h5", .target_path = "{dirname_cleaned}/{ext}"});
  EXPECT_EQ(members("..__other [1]"), Names{"h5"});
  EXPECT_EQ(data_->files().files.size(), 3u);
}

TEST_F(Manager, AFileIsATreeOfItsOwn) {
  on_one_rank([&] {
    const h5::File file = test::create_file(at("Linked.h5"));
    const h5::Group group = test::create_group(file.get(), "Group");
    test::create_dataset(group.get(), "Data", {4});
    H5Lcreate_soft("/Group/Data", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("a.h5", "/x", file.get(), "out", H5P_DEFAULT, H5P_DEFAULT);
  });
  data_->load("l", {.loader = "hdf5_proxy", .glob_str = "Linked.h5", .target_path = "deep/in/it", .lower_case_keys = true});
  EXPECT_EQ(members("deep/in/it"), (Names{"group", "out", "soft"}));
  EXPECT_EQ(data_->find("deep/in/it/group/data")->path(), "/group/data");
  EXPECT_EQ(data_->container("deep/in/it/group/data").info().ref.path, "/Group/Data");
  const std::string tree = data_->tree();
  EXPECT_TRUE(has(tree, "<Link, soft -> /Group/Data>") && !has(tree, "dangling")) << tree;
  std::vector<std::string> problems;
  const std::string json = tree_json(data_->files(), data_->root(), {}, problems);
  EXPECT_TRUE(has(json, "\"path\": \"/deep/in/it/group/data\"") && has(json, "Linked.h5\"")) << json;
  EXPECT_TRUE(has(message_of<UsageError>([&] { world().agree([&] { (void)data_->container("deep/in/it/group/dato"); }); }),
                  "did you mean 'deep/in/it/group/data'"));
}

TEST_F(Manager, GroupsThatNumberTheirMembers) {
  data_->load_from_cfg("create_groups: [{path: runs, Cls: TimeSeriesGroup}, a/b]\nload_cfg: {}\n");
  data_->load("9", {.loader = "text", .glob_str = "log.txt", .target_group = "runs"});
  data_->load("010", {.loader = "text", .glob_str = "log.txt", .target_group = "runs"});
  data_->load("-1", {.loader = "text", .glob_str = "log.txt", .target_group = "runs"});
  EXPECT_EQ(members("runs"), (Names{"-1", "9", "010"}));
  EXPECT_TRUE(
      has(message_of<UsageError>([&] { data_->load("x", {.loader = "text", .glob_str = "log.txt", .target_group = "runs"}); }),
          "of type TimeSeriesGroup, whose members' names are integers, and 'x' is none"));
  EXPECT_TRUE(has(message_of<UsageError>([&] { data_->load_from_cfg("create_groups: [a/b]\nload_cfg: {}\n"); }),
                  "'a/b' is there already"));
}

TEST_F(Manager, TargetsThatCanBeNoNames) {
  for (const char* target : {"/a", "a//b", "a/", "../a", "."}) {
    EXPECT_TRUE(
        has(message_of<UsageError>([&] { data_->load("e", {.loader = "text", .glob_str = "log.txt", .target_path = target}); }),
            "which can be no name in the tree"))
        << target;
  }
}

TEST_F(Manager, PrintsItsTreeOnOneRank) {
  testing::internal::CaptureStdout();
  data_->load("log", {.loader = "text", .glob_str = "log.txt", .print_tree = PrintTree::full});
  data_->load_from_cfg("load_cfg: {}\nprint_tree: condensed\n");
  const std::string printed = testing::internal::GetCapturedStdout();
  const std::string once =
      "Tree of DataManager 'my_data_Manager', 1 member, 0 attributes\n └─ log  <TextContainer, 4 bytes, 1 attribute>\n";
  EXPECT_EQ(printed, world().rank() == 0 ? once + once : "");
}

TEST_F(Manager, Hdf5LoaderReadsTheElements) {
  data_->load("all", {.loader = "hdf5", .glob_str = "*.h5"});
  for (const char* name : {"all/a/x", "all/b/x", "all/c/x"}) {
    const LocalArray& x = data_->container(name).data();
    const auto elements = x.elements<double>();
    for (std::size_t i = 0; i < elements.size(); ++i)
      EXPECT_EQ(elements[i], static_cast<double>(x.place().start[0]) + static_cast<double>(i));
  }
  EXPECT_FALSE(has(data_->tree(), "proxy"));
}

}  // namespace
