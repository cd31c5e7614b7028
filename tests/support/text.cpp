#include "xylem/support/text.hpp"

#include <gtest/gtest.h>

using namespace xylem;

TEST(GlobMatch, StaysWithinAComponent) {
  EXPECT_TRUE(glob_match("/a/*", "/a/b"));
  EXPECT_FALSE(glob_match("/a/*", "/a/b/c"));
  EXPECT_TRUE(glob_match("t?mp[0-9]", "temp7"));
  EXPECT_FALSE(glob_match("t?mp[!0-9]", "temp7"));
  EXPECT_FALSE(glob_match("a?b", "a/b"));
  EXPECT_TRUE(glob_match("*a*b*c", "xxayybzzc"));
  EXPECT_FALSE(glob_match("*a*b*c", "xxayybzz"));
  EXPECT_TRUE(glob_match("a[b", "a[b"));
}

TEST(GlobMatch, TwoStarsCrossComponents) {
  EXPECT_TRUE(glob_match("**", "/a/b/c"));
  EXPECT_TRUE(glob_match("**/c", "/a/b/c"));
  EXPECT_TRUE(glob_match("/a/**/c", "/a/c"));
  EXPECT_TRUE(glob_match("/a/**/c", "/a/x/y/c"));
  EXPECT_FALSE(glob_match("/a/**/c", "/a/xc"));
  EXPECT_TRUE(glob_match("**/*.h5", "x/y.h5"));
  EXPECT_TRUE(glob_match("**/*.h5", "y.h5"));
  EXPECT_FALSE(glob_match("/a/**/c", "/ac"));
  EXPECT_TRUE(glob_match("/a/**", "/a/b/c"));
  EXPECT_TRUE(glob_match("**/b/**/d", "/a/b/c/b/e/d"));
}

TEST(NearestNames, FindsTyposAndTails) {
  const std::vector<std::string> names{"/atm/temperature", "/atm/pressure", "/u"};
  EXPECT_EQ(nearest_names("/atm/temprature", names).at(0), "/atm/temperature");
  EXPECT_EQ(nearest_names("temperature", names).at(0), "/atm/temperature");
  EXPECT_TRUE(nearest_names("completely_else", names).empty());
  EXPECT_EQ(did_you_mean("pressure", names), "; did you mean '/atm/pressure'?");
  EXPECT_EQ(nearest_names("U", names), std::vector<std::string>{"/u"});
  EXPECT_EQ(nearest_names("tiem", {"item", "/run/time"}), (std::vector<std::string>{"item", "/run/time"}));
}

TEST(NearestNames, ShortNamesHaveNoUnrelatedNeighbours) {
  EXPECT_TRUE(nearest_names("u", {"v", "/v", "w", "ab", "--x"}).empty());
  EXPECT_TRUE(nearest_names("/u", {"/v", "/w", "/run_of_some_name/v", "/atm"}).empty());
  EXPECT_TRUE(nearest_names("/atm/u", {"/atm/v", "/atm/t2"}).empty());
  EXPECT_TRUE(nearest_names("ab", {"ac", "xy", "b"}).empty());
  EXPECT_TRUE(nearest_names("", {"a", ""}).empty());
  EXPECT_EQ(nearest_names("/x", {"/a/long/way/down/x", "/y"}), std::vector<std::string>{"/a/long/way/down/x"});
  EXPECT_EQ(nearest_names("tmp", {"temp", "top", "map"}), (std::vector<std::string>{"temp", "top"}));
}

TEST(Text, WidthShortenPrintable) {
  EXPECT_EQ(text_width("äöü"), 3u);
  EXPECT_EQ(shorten("äöüß", 3), "äö…");
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(printable("a\nb\x1b[31m\xff"), "a\\nb\\x1b[31m\\xff");
  EXPECT_EQ(plural(1, "member"), "1 member");
  EXPECT_EQ(plural(0, "member"), "0 members");
}

TEST(Text, OverlongFormsAndSurrogatesAreNoUtf8) {
  for (const std::string text : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
                                 "\xf4\x90\x80\x80", "\xf8\x88\x80\x80", "\x80", "\xe2\x80", "\xf0\x9f\x8c"}) {
    EXPECT_EQ(code_point_length(text), 0u) << printable(text);
    EXPECT_EQ(text_width(text), text.size());
    EXPECT_EQ(printable(text).size(), 4 * text.size());
  }
  EXPECT_EQ(code_point_length(""), 0u);
  EXPECT_EQ(code_point_length(std::string(1, '\0')), 1u);
  EXPECT_EQ(code_point_length("\xed\x9f\xbfx"), 3u);
  EXPECT_EQ(code_point_length("\xf4\x8f\xbf\xbf"), 4u);
}
