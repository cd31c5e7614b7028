#include "detail/pieces.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "mpi_world.hpp"

using namespace xylem;
using test::world;

namespace {
std::int64_t longest = 0;  // bytes of the longest message since it was last reset
int messages = 0;

void note(std::int64_t elements, MPI_Datatype type) {
  int size = 0;
  MPI_Type_size(type, &size);
  longest = std::max(longest, elements * size);
  ++messages;
}
}  // namespace

// MPI's profiling interface: these stand before the library's own functions.
extern "C" int MPI_Bcast(void* data, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  note(count, type);
  return PMPI_Bcast(data, count, type, root, comm);
}

extern "C" int MPI_Allreduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  note(count, type);
  return PMPI_Allreduce(from, to, count, type, op, comm);
}

extern "C" int MPI_Allgatherv(const void* from, int count, MPI_Datatype from_type, void* to, const int* counts, const int* starts,
                              MPI_Datatype type, MPI_Comm comm) {
  int size = 0;
  MPI_Comm_size(comm, &size);
  note(starts[size - 1] + counts[size - 1], type);
  return PMPI_Allgatherv(from, count, from_type, to, counts, starts, type, comm);
}

// Every rank makes the text of any rank.
std::string text_of(int rank, int round) {
  std::mt19937 random(static_cast<unsigned>(1000 * round + rank));
  std::string text(random() % 200, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST(Pieces, TextArrivesWholeInMessagesOfAnyLimit) {
  constexpr std::size_t length_message = sizeof(std::uint64_t);  // lengths travel first
  for (const std::size_t most : {std::size_t{8}, std::size_t{31}, std::size_t{100}, std::size_t{1000}}) {
    longest = 0;
    for (int round = 0; round < 20; ++round) {
      const auto all = detail::all_gather(world().handle(), text_of(world().rank(), round), most);
      ASSERT_EQ(all.size(), static_cast<std::size_t>(world().size()));
      for (int r = 0; r < world().size(); ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], text_of(r, round));
      const int root = round % world().size();
      EXPECT_EQ(detail::broadcast(world().handle(), text_of(world().rank(), round), root, most), text_of(root, round));
    }
    EXPECT_LE(longest, static_cast<std::int64_t>(std::max(most, length_message)));
  }
}

TEST(Pieces, ALengthThatIsAMultipleOfTheLimitHasNoEmptyPiece) {
  messages = 0;
  const std::string text(96, 'x');
  EXPECT_EQ(detail::broadcast(world().handle(), world().rank() == 0 ? text : "", 0, 32), text);
  EXPECT_EQ(messages, 1 + 3);
}

TEST(Pieces, ReductionsAreSplitToo) {
  std::vector<std::int64_t> values(101);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i) * (world().rank() + 1);
  longest = 0;
  detail::all_reduce<std::int64_t>(world().handle(), values, MPI_INT64_T, MPI_SUM, 100);
  EXPECT_EQ(longest, 96);
  const std::int64_t factor = world().size() * (world().size() + 1) / 2;
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<std::int64_t>(i) * factor);
}
