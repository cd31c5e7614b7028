// Links through the whole of a tree: soft links into other files, files reached through symbolic links, circles.
#include <gtest/gtest.h>

#include <filesystem>

#include "xylem/support/error.hpp"
#include "xylem/tree/load.hpp"
#include "xylem/tree/select.hpp"

#include "mpi_world.hpp"
#include "storage/files.hpp"

using namespace xylem;
using test::world;

namespace {

// main.h5 links to other.h5 by every kind of link, seen as well through a symbolic link in another folder.
class Links : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = world().broadcast(folder_.file(""), 0);
    main_ = path + "main.h5";
    through_symlink_ = path + "elsewhere/main.h5";
    if (world().rank() == 0) write(path);
    world().agree([] {});  // the files are there from here on
  }
  void TearDown() override {
    world().agree([] {});  // and no longer needed by any rank
  }

  void write(const std::string& path) const {
    const h5::File other = test::create_file(path + "other.h5");
    const h5::Group group = test::create_group(other.get(), "g");
    test::create_dataset(group.get(), "data", {7});
    const h5::File file = test::create_file(main_);
    H5Lcreate_external("other.h5", "/g", file.get(), "out", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("missing.h5", "/x", file.get(), "nowhere", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("main.h5", "/circle", file.get(), "circle", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/out/data", file.get(), "through", H5P_DEFAULT, H5P_DEFAULT);
    const h5::Group inner = test::create_group(file.get(), "inner");
    H5Lcreate_soft("self", inner.get(), "self", H5P_DEFAULT, H5P_DEFAULT);
    std::filesystem::create_directories(path + "elsewhere");
    std::filesystem::create_symlink("../main.h5", through_symlink_);
  }

  test::TemporaryFolder folder_;
  std::string main_, through_symlink_;
};

std::string refusal(const Tree& tree, const std::string& name) {
  try {
    (void)select_numeric(tree, {name});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_F(Links, LeadIntoOtherFiles) {
  for (const std::string& file : {main_, through_symlink_}) {
    const Tree tree = load_tree(world(), {file});
    for (const char* name : {"/out/data", "/through"}) {
      const Selection selection = select_numeric(tree, {name});
      ASSERT_EQ(selection.datasets.size(), 1U) << file << " " << name;
      EXPECT_EQ(selection.datasets[0]->ref.path, "/g/data");
      EXPECT_EQ(selection.datasets[0]->shape, (Shape{7}));
    }
  }
}

TEST_F(Links, ThatLeadNowhereSayWhereTo) {
  const Tree tree = load_tree(world(), {main_});
  EXPECT_NE(refusal(tree, "/nowhere").find("missing.h5:/x"), std::string::npos) << refusal(tree, "/nowhere");
  EXPECT_NE(refusal(tree, "/circle").find("which is not there"), std::string::npos) << refusal(tree, "/circle");
  EXPECT_NE(refusal(tree, "/inner/self").find("which is not there"), std::string::npos) << refusal(tree, "/inner/self");
}

TEST_F(Links, ToGroupsAreRefusedWithAdviceThatWorks) {
  const Tree tree = load_tree(world(), {main_});
  const std::string text = refusal(tree, "/out");
  EXPECT_NE(text.find("other.h5"), std::string::npos) << text;
  EXPECT_NE(text.find("'/g/**'"), std::string::npos) << text;
}
