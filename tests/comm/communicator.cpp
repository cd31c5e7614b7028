#include "xylem/comm/communicator.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <new>

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

TEST(Communicator, GathersTextOfAnyLength) {
  const std::string own(static_cast<std::size_t>(world().rank() * 1000), static_cast<char>('a' + world().rank()));
  const auto all = world().all_gather(own);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(world().size()));
  for (int r = 0; r < world().size(); ++r) {
    EXPECT_EQ(all[static_cast<std::size_t>(r)], std::string(static_cast<std::size_t>(r * 1000), static_cast<char>('a' + r)));
  }
  const int last = world().size() - 1;
  EXPECT_EQ(world().broadcast(own, last), std::string(static_cast<std::size_t>(last * 1000), static_cast<char>('a' + last)));
}

TEST(Communicator, ReducesInPlace) {
  std::vector<std::int64_t> sums{1, world().rank()};
  world().all_reduce_sum(sums);
  EXPECT_EQ(sums, (std::vector<std::int64_t>{world().size(), world().size() * (world().size() - 1) / 2}));
  std::vector<double> maxima{-1.5 * world().rank(), 1.5 * world().rank()};
  world().all_reduce_max(maxima);
  EXPECT_EQ(maxima, (std::vector<double>{0, 1.5 * (world().size() - 1)}));
}

// Every rank in turn throws alone; all ranks must see the same exception of the same class.
TEST(Agreement, OneRanksErrorIsEveryRanksError) {
  for (int thrower = 0; thrower < world().size(); ++thrower) {
    try {
      world().agree([&] {
        if (world().rank() == thrower) throw DataError("rank {} found chunk {} damaged", thrower, 7);
      });
      ADD_FAILURE() << "no exception on rank " << world().rank();
    } catch (const DataError& error) {
      EXPECT_EQ(error.what(), fmt::format("rank {} found chunk 7 damaged", thrower));
      EXPECT_TRUE(error.agreed());
    }
  }
}

TEST(Agreement, TheLowestRanksErrorWins) {
  try {
    world().agree([&]() -> int { throw UsageError("from {}", world().rank()); });
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "from 0");
  }
}

TEST(Agreement, ForeignExceptionsTravelToo) {
  const int last = world().size() - 1;
  EXPECT_THROW(world().agree([&] {
    if (world().rank() == last) throw std::bad_alloc();
  }),
               ResourceError);
  EXPECT_THROW(world().agree([&] {
    if (world().rank() == last) throw std::runtime_error("odd");
  }),
               InternalError);
}

TEST(Agreement, ReturnsWhatEachRankFound) {
  EXPECT_EQ(world().agree([&] { return world().rank() * 2; }), world().rank() * 2);
}

// All ranks of this test are on one node.
TEST(Communicator, SharesTheNodesMemory) {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::int64_t kibibytes = 0;
  ASSERT_TRUE(file >> key >> kibibytes && key == "MemTotal:");
  EXPECT_EQ(world().node_memory_per_rank(), kibibytes * 1024 / world().size());
  EXPECT_EQ(Communicator(MPI_COMM_SELF).node_memory_per_rank(), kibibytes * 1024);
}

TEST(Communicator, MovesItsHandle) {
  Communicator first(world().handle());
  const MPI_Comm handle = first.handle();
  Communicator second(std::move(first));
  EXPECT_EQ(second.handle(), handle);
  EXPECT_EQ(second.size(), world().size());
}
