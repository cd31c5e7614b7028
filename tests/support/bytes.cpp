#include "xylem/support/bytes.hpp"

#include <gtest/gtest.h>

#include "xylem/support/error.hpp"

using namespace xylem;

TEST(ParseBytes, TakesEveryUnit) {
  const std::vector<std::pair<std::string, std::int64_t>> sizes{
      {"1", 1},
      {"4096", 4096},
      {"7B", 7},
      {"1k", 1024},
      {"1KiB", 1024},
      {"1kb", 1000},
      {"2g", std::int64_t{2} << 30},
      {"128MiB", std::int64_t{128} << 20},
      {"500MB", 500'000'000},
      {"1.5 GB", 1'500'000'000},
      {"1 T", std::int64_t{1} << 40},
      {"3tb", 3'000'000'000'000},
      {"1PiB", std::int64_t{1} << 50},
      {"2p", std::int64_t{2} << 50},
      {"9PB", 9'000'000'000'000'000},
      {"1e3", 1000},
      {"0.5KiB", 512},
      {"1.9", 1},
      {"8191PiB", std::int64_t{8191} << 50},
  };
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parse_bytes(text, "--memory"), bytes) << text;
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "much", "0", "0.5", "-1", "-5MiB", "nan", "inf", "1e30GiB", "8192PiB", "1XB", "1 KiB more", "0x10", "MiB", "1,5GB"}) {
    try {
      parse_bytes(text, "--memory");
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ(std::string(error.what()).rfind(fmt::format("--memory: '{}' is not a size", text), 0), 0u) << error.what();
    }
  }
}

TEST(FormatBytes, HasOneDigitAfterThePoint) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes((1 << 20) - 1), "1.0 MiB");  // not "1024.0 KiB"
  EXPECT_EQ(format_bytes(std::int64_t{2} << 30), "2.0 GiB");
  EXPECT_EQ(format_bytes(std::int64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(format_bytes(std::int64_t{5} << 50), "5.0 PiB");
  EXPECT_EQ(format_bytes(INT64_MAX), "8.0 EiB");
}
