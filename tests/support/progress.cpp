#include "xylem/support/progress.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <thread>
#include <vector>

using namespace xylem;

namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

void wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

Progress::Options into(std::vector<std::string>& lines) {
  Progress::Options options;
  options.write = [&lines](const std::string& text) { lines.push_back(text); };
  return options;
}

}  // namespace

TEST(Progress, ShortRunsStaySilent) {
  std::vector<std::string> lines;
  {
    Progress progress("reading", mib, into(lines));
    for (int i = 0; i < 1000; ++i) progress.advance(mib / 1000);
  }
  EXPECT_TRUE(lines.empty());
}

TEST(Progress, PlainLinesCountForAllRanks) {
  std::vector<std::string> lines;
  Progress::Options options = into(lines);
  options.quiet_seconds = 0;
  options.plain_interval_seconds = 1000;
  options.scale = 4;
  {
    Progress progress("reading", 4 * mib, options);
    progress.advance(mib);
    progress.advance(mib);  // within the interval
  }
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(
      std::regex_match(lines[0], std::regex("xylem: reading: 25%, 4.0 MiB of 16.0 MiB, [0-9.]+ .?i?B/s, ETA [0-9:]+ ?s?\n")))
      << lines[0];
}

TEST(Progress, TheTimeToGoFollowsFromTheShareDone) {
  std::vector<std::string> lines;
  Progress::Options options = into(lines);
  options.quiet_seconds = 0.5;
  Progress progress("reading", 10'000, options);
  wait(0.6);
  progress.advance(1);  // at least 0.6 s for the first of 10,000 bytes: more than 1.5 h to go
  ASSERT_EQ(lines.size(), 1u);
  std::smatch eta;
  ASSERT_TRUE(std::regex_search(lines[0], eta, std::regex("ETA ([0-9]+):([0-9]{2}):([0-9]{2})\n$"))) << lines[0];
  EXPECT_GE(std::stoi(eta[1]) * 3600 + std::stoi(eta[2]) * 60 + std::stoi(eta[3]), 5999);
}

TEST(Progress, ATerminalsLineIsRedrawnAndCleared) {
  std::vector<std::string> lines;
  Progress::Options options = into(lines);
  options.terminal = true;
  {
    Progress progress("reading", 2 * mib, options);
    progress.advance(0);  // too early
    EXPECT_TRUE(lines.empty());
    wait(0.25);
    progress.advance(mib);
    wait(0.25);
    progress.advance(mib);
  }
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].rfind("\r\x1b[Kreading: 50%, 1.0 MiB of 2.0 MiB, ", 0), 0u) << lines[0];
  EXPECT_EQ(lines[1].rfind("\r\x1b[Kreading: 100%, 2.0 MiB of 2.0 MiB, ", 0), 0u) << lines[1];
  EXPECT_EQ(lines[2], "\r\x1b[K");
}

TEST(Progress, NothingToReadIsAllDone) {
  std::vector<std::string> lines;
  Progress::Options options = into(lines);
  options.quiet_seconds = 0;
  Progress progress("reading", 0, options);
  progress.advance(0);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].rfind("xylem: reading: 100%, 0 B of 0 B, ", 0), 0u) << lines[0];
}

TEST(Progress, OtherRanksSayNothing) {
  std::vector<std::string> lines;
  Progress::Options options = into(lines);
  options.quiet_seconds = 0;
  options.enabled = false;
  Progress progress("reading", mib, options);
  progress.advance(mib);
  EXPECT_TRUE(lines.empty());
}

TEST(Progress, AWriterThatThrowsEndsNothingAtTheEnd) {
  Progress::Options options;
  options.terminal = true;
  options.write = [calls = 0](const std::string&) mutable {
    if (++calls > 1) throw std::runtime_error("gone");
  };
  Progress progress("reading", mib, options);
  wait(0.25);
  progress.advance(mib);
}
