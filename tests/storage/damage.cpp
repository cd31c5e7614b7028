// What damage must be told of, byte by byte; damaged_files.cpp flips bytes at random.
#include <gtest/gtest.h>

#include <cstdint>

#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "files.hpp"

using namespace xylem;

TEST(Damage, TwoMembersOfOneNameAreNamed) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  {
    const auto file = test::create_file(path);
    const auto group = test::create_group(file.get(), "group");
    test::create_dataset(group.get(), "first_name");
    test::create_dataset(group.get(), "other_name");
  }
  std::string bytes = test::read_bytes(path);
  bytes.replace(bytes.find("other_name"), 10, "first_name");
  test::write_bytes(path, bytes);
  try {
    (void)scan_file(path);
    FAIL() << "no error";
  } catch (const DataError& error) {
    for (const std::string& part : {path, std::string("'/group'"), std::string("'first_name'")})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Damage, ContiguousElementsAreWhereTheFileSaysAndAllThere) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  constexpr std::uint64_t bytes = 1000 * sizeof(double);
  haddr_t offset = 0;
  {
    const auto file = test::create_file(path);
    offset = H5Dget_offset(test::create_dataset(file.get(), "x", {1000}).get());
  }
  const std::string original = test::read_bytes(path);
  const auto little_endian = [](std::uint64_t number) {
    std::string text(8, '\0');
    for (char& byte : text) {
      byte = static_cast<char>(number & 0xff);
      number >>= 8;
    }
    return text;
  };
  const std::size_t at = original.find(little_endian(offset) + little_endian(bytes));  // the layout message
  ASSERT_NE(at, std::string::npos);
  const auto summarize = [&](std::uint64_t address, std::uint64_t size) {
    std::string damaged = original;
    damaged.replace(at, 16, little_endian(address) + little_endian(size));
    test::write_bytes(path, damaged);
    FilePool files;
    return DatasetReader(files, scan_file(path).objects.at(1).dataset).summarize();
  };
  EXPECT_EQ(summarize(offset, bytes).stored_bytes, static_cast<std::int64_t>(bytes));
  EXPECT_EQ(summarize(HADDR_UNDEF, bytes).allocated_chunks, 0) << "never written";
  for (const std::uint64_t size :
       {std::uint64_t{0}, bytes - 1, std::uint64_t{1} << 40, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    EXPECT_THROW((void)summarize(offset, size), DataError) << size;
  EXPECT_THROW((void)summarize(original.size() - bytes + 1, bytes), DataError);
  EXPECT_THROW((void)summarize(HADDR_UNDEF - 1, bytes), DataError);
}
