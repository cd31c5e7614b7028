#include "xylem/tree/format.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "in_memory.hpp"

using namespace xylem;
using namespace xylem::test;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class FormatTree : public testing::Test {
 protected:
  FormatTree() { tree.files.insert(tree.files.begin(), make_file("f.h5", {{"title", text("test")}})); }

  std::string print(const TreeFormat& format = {}) {
    problems.clear();
    return format_tree(tree, format, problems);
  }

  Tree tree;
  Group& root = *tree.files.emplace_back(make_file()).root;
  std::vector<std::string> problems;
};

class OneFile : public FormatTree {
 protected:
  OneFile() { tree.files.erase(tree.files.begin()); }
};

TEST_F(OneFile, Full) {
  Group& runs = add_group(root, "runs", {{"kind", text("mobile")}});
  add_dataset(runs, "t", {100, 64}, [](DatasetInfo& info) {
    info.attributes = {{"dims", texts({"time", "y"})}, {"units", text("K")}};
    info.layout = Layout::chunked;
    info.chunk = {1, 64};
    info.filters = {
        {2, "shuffle", 0, {4}}, {1, "deflate", 0, {6}}, {32008, "bitshuffle; see somewhere", 0, {}}, {300, "", 0, {}}};
  });
  add_group(runs, "empty");
  add_dataset(root, "scalar", {}, [](DatasetInfo& info) { info.dtype = {TypeClass::integer, 2, true}; });
  add_dataset(root, "null", {}, [](DatasetInfo& info) {
    info.null = true;
    info.dtype = {TypeClass::string, 8};
  });
  add_dataset(root, "elsewhere", {3}, [](DatasetInfo& info) { info.layout = Layout::external; });
  root.add(std::make_unique<NamedType>("type"));
  EXPECT_EQ(print(), R"(Tree of Group 'f.h5', 5 members, 0 attributes
 └┬ runs       <Group, 2 members, 1 attribute>
  │ └┬ t       <Container, proxy (hdf5), float32, (time: 100, y: 64), chunks (1, 64), shuffle, gzip, bitshuffle, filter 300, 2 attributes>
  │  └ empty   <Group, 0 members, 0 attributes>
  ├ scalar     <Container, proxy (hdf5), int16, scalar, 0 attributes>
  ├ null       <Container, proxy (hdf5), string, null, 0 attributes>
  ├ elsewhere  <Container, proxy (hdf5), float32, (dim_0: 3), external, 0 attributes>
  └ type       <NamedType>
)");
  EXPECT_TRUE(problems.empty());
}

TEST_F(OneFile, Attributes) {
  Group& group = add_group(root, "g", {{"numbers", integers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})}});
  add_dataset(group, "a", {1}, {{"units", text("K\n\x1b[31m")}});
  add_dataset(root, "b", {1}, {{"note", text(std::string(1000, 'x'))}});
  const auto lines = lines_of(print({TreeStyle::full, {}, {}, true}));
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[1], " └┬ g     <Group, 1 member, 1 attribute>");
  EXPECT_EQ(lines[2], "  │    @ numbers = [1, 2, 3, 4, 5, 6, 7, 8, ... (2 more)]");
  EXPECT_EQ(lines[3], "  │ └─ a  <Container, proxy (hdf5), float32, (dim_0: 1), 1 attribute>");
  EXPECT_EQ(lines[4], "  │       @ units = \"K\\n\\x1b[31m\"");
  EXPECT_EQ(lines[6].substr(0, 22), "       @ note = \"xxxxx");
  EXPECT_LT(text_width(lines[6]), 200u);
  EXPECT_THROW(print({TreeStyle::dantro, {}, {}, true}), UsageError);
}

TEST_F(FormatTree, RootAttributesAndSeveralFiles) {
  EXPECT_EQ(print(),
            "Tree of 2 files\n"
            " └┬ f.h5  <Group, 0 members, 1 attribute>\n"
            "  └ f.h5  <Group, 0 members, 0 attributes>\n");
  tree.files.pop_back();
  EXPECT_EQ(print({TreeStyle::full, {}, {}, true}), "Tree of Group 'f.h5', 0 members, 1 attribute\n    @ title = \"test\"\n");
}

TEST_F(OneFile, WidthsCountCodePoints) {
  add_dataset(root, "größe_日本", {1});
  add_dataset(root, "abcdefgh", {1});
  add_dataset(root, "a_name_that_is_longer_than_all_others_in_the_file_and_than_dantro_shows", {1});
  for (const TreeStyle style : {TreeStyle::full, TreeStyle::dantro}) {
    std::vector<std::size_t> columns;
    for (const std::string& line : lines_of(print({style, {}, {}, false}))) {
      if (const auto info = line.find('<'); info != std::string::npos) columns.push_back(text_width(line.substr(0, info)));
      if (style == TreeStyle::dantro) {
        EXPECT_LE(text_width(line), 80u);
      }
    }
    EXPECT_EQ(columns.size(), 3u);
    EXPECT_EQ(std::count(columns.begin(), columns.end(), columns[0]), 3) << "all infos start in one column";
  }
  EXPECT_NE(print().find("than_dantro_shows  <"), std::string::npos) << "nothing is cut off";
}

TEST_F(OneFile, NamesFromAFileAreMadePrintable) {
  add_group(root, "a\x1b[2J\n\xff");
  for (const TreeStyle style : {TreeStyle::full, TreeStyle::dantro}) {
    const std::string text = print({style, {}, {}, false});
    EXPECT_NE(text.find("a\\x1b[2J\\n\\xff"), std::string::npos);
  }
}

TEST_F(OneFile, Depth) {
  Group& group = add_group(add_group(root, "a"), "b");
  add_dataset(group, "c", {1});
  add_group(root, "empty");
  EXPECT_EQ(print({TreeStyle::full, 0, {}, false}), "Tree of Group 'f.h5', 2 members, 0 attributes\n");
  EXPECT_EQ(print({TreeStyle::full, 1, {}, false}),
            "Tree of Group 'f.h5', 2 members, 0 attributes\n"
            " └┬ a      <Group, 1 member, 0 attributes>\n"
            "  │ └─ ...\n"
            "  └ empty  <Group, 0 members, 0 attributes>\n");
  EXPECT_EQ(lines_of(print({TreeStyle::full, 2, {}, false})).size(), 5u);
  EXPECT_EQ(print({TreeStyle::full, 3, {}, false}), print());
  EXPECT_EQ(print({TreeStyle::dantro, 0, {}, false}), "\nTree of OrderedDataGroup 'f.h5', 2 members, 0 attributes\n");
}

TEST_F(OneFile, DantroDoesNotFailOnDeepTreesAsDantroDoes) {
  Group* group = &root;
  for (int i = 0; i < 30; ++i) group = &add_group(*group, fmt::format("level{}", i));
  EXPECT_EQ(lines_of(print({TreeStyle::dantro, {}, {}, false})).size(), 32u);
  // A condensed one ends, as dantro's.
  EXPECT_EQ(lines_of(print({TreeStyle::dantro, {}, 10, false})).size(), 2u + 11u + 1u);
  EXPECT_EQ(lines_of(print({TreeStyle::full, {}, 10, false})).size(), 31u);
}

// dantro's rule, written as it is in dantro: which of `count` members a threshold shows, -1 for the line in between.
std::vector<int> shown_by_dantro(int count, int threshold) {
  const int lines = std::max(3, threshold);
  std::vector<int> shown;
  for (int n = 0; n < count; ++n) {
    if (count - lines >= 1) {
      if (lines / 2 <= n && n < count - (lines - 1) / 2) continue;
      if (n == count - (lines - 1) / 2) shown.push_back(-1);
    }
    shown.push_back(n);
  }
  return shown;
}

TEST(CondensedTree, ShowsWhatDantroShows) {
  for (int count = 1; count < 16; ++count) {
    Tree tree;
    tree.files.push_back(make_file());
    for (int i = 0; i < count; ++i) add_group(*tree.files[0].root, fmt::format("m{}", i));
    for (int threshold = 0; threshold < 17; ++threshold) {
      std::vector<std::string> problems;
      const auto lines = lines_of(format_tree(tree, {TreeStyle::full, {}, static_cast<std::size_t>(threshold), false}, problems));
      const std::vector<int> shown = shown_by_dantro(count, threshold);
      const auto hidden = count + 1 - static_cast<int>(shown.size());
      ASSERT_EQ(lines.size(), shown.size() + 1) << count << " members, threshold " << threshold;
      for (std::size_t i = 0; i < shown.size(); ++i) {
        const std::string& line = lines[i + 1];
        const std::string name = shown[i] < 0 ? "... " : fmt::format("m{} ", shown[i]);
        const std::string mark = count == 1 ? " └─ " : shown[i] == 0 ? " └┬ " : shown[i] == count - 1 ? "  └ " : "  ├ ";
        EXPECT_EQ(line.find(mark + name), 0u) << line;
        EXPECT_EQ(line.find(fmt::format("... ({} more) ...", hidden)) != std::string::npos, shown[i] < 0) << line;
      }
    }
  }
}

TEST_F(OneFile, Links) {
  const auto link = [&](const std::string& name, LinkInfo info) { root.add(std::make_unique<Link>(name, std::move(info))); };
  add_dataset(root, "data", {1});
  link("hard", {LinkKind::hard, "", "/data", false});
  link("soft", {LinkKind::soft, "", "/data", false});
  link("gone", {LinkKind::soft, "", "/nothing", true});
  link("out", {LinkKind::external, "dir/o.h5", "/x", false});
  link("lost", {LinkKind::external, "dir/o.h5", "/y", false});
  link("away", {LinkKind::external, "none.h5", "/x", false});
  link("own_kind", {LinkKind::external, "", "", true});
  tree.link_targets["dir/o.h5"] = "dir/o.h5";
  add_dataset(*tree.linked_files.emplace_back(make_file("dir/o.h5")).root, "x", {1});
  EXPECT_EQ(print(), R"(Tree of Group 'f.h5', 8 members, 0 attributes
 └┬ data      <Container, proxy (hdf5), float32, (dim_0: 1), 0 attributes>
  ├ hard      <Link, hard -> /data>
  ├ soft      <Link, soft -> /data>
  ├ gone      <Link, soft -> /nothing, dangling>
  ├ out       <Link, external -> dir/o.h5:/x>
  ├ lost      <Link, external -> dir/o.h5:/y, dangling>
  ├ away      <Link, external -> none.h5:/x, dangling>
  └ own_kind  <Link, user-defined, dangling>
)");
}

TEST_F(OneFile, WrongLabelsDoNotBreakTheTree) {
  add_dataset(root, "bad", {2, 3}, {{"dims", text("x")}});
  add_dataset(root, "good", {2}, {{"dims", texts({"x"})}});
  const std::string text = print();
  EXPECT_NE(text.find("(dim_0: 2, dim_1: 3)"), std::string::npos);
  EXPECT_NE(text.find("(x: 2)"), std::string::npos);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("'/bad'"), std::string::npos);
}

TEST_F(OneFile, Json) {
  Group& group = add_group(root, "g\n", {{"flag", scalar(integers({1}))}, {"nothing", {}}});
  AttributeValue square = integers({1, 2, 3, 4});
  square.shape = {2, 2};
  AttributeValue without = integers({});
  without.shape = {2, 0};
  add_dataset(group, "t", {2, 3}, [&](DatasetInfo& info) {
    info.attributes = {{"dims", texts({"x", "y"})}, {"coords__x", reals({0.5, 1})}, {"square", square}, {"without", without}};
    info.max_shape = {-1, 3};
    info.layout = Layout::chunked;
    info.chunk = {1, 3};
    info.filters = {{1, "deflate", 0, {6}}};
  });
  root.add(std::make_unique<Link>("l", LinkInfo{LinkKind::soft, "", "/nothing", true}));
  problems.clear();
  std::string json = tree_json(tree, {}, problems);
  json.erase(std::remove_if(json.begin(), json.end(), [](char c) { return c == ' ' || c == '\n'; }), json.end());
  EXPECT_EQ(json, R"([{"name":"f.h5","kind":"group","path":"/","attributes":{},"members":[)"
                  R"({"name":"g\n","kind":"group","path":"/g\n","attributes":{"flag":1,"nothing":null},"members":[)"
                  R"({"name":"t","kind":"dataset","path":"/g\n/t","dtype":"float32","shape":[2,3],"max_shape":[null,3],)"
                  R"("dims":["x","y"],"coords":[{"name":"x","dims":["x"],"mode":"values","size":2,"argument":[0.5,1.0]}],)"
                  R"("layout":"chunked","chunks":[1,3],"filters":["gzip"],)"
                  R"("attributes":{"coords__x":[0.5,1.0],"dims":["x","y"],"square":[[1,2],[3,4]],"without":[]}}]},)"
                  R"({"name":"l","kind":"link","path":"/l","link":"soft","target":"/nothing","dangling":true}]}])");
  const std::string shallow = tree_json(tree, 1, problems);
  EXPECT_EQ(shallow.find("\"t\""), std::string::npos);
  EXPECT_NE(shallow.find("\"l\""), std::string::npos);
  EXPECT_EQ(tree_json(tree, 0, problems).find("members"), std::string::npos);
}

}  // namespace
