#include "detail/pieces.hpp"

#include <cstdint>
#include <numeric>

namespace xylem::detail {

std::string broadcast(MPI_Comm comm, std::string bytes, int root, std::size_t most) {
  auto length = static_cast<std::uint64_t>(bytes.size());
  MPI_Bcast(&length, 1, MPI_UINT64_T, root, comm);
  bytes.resize(length);
  for (std::size_t done = 0; done < length; done += most) {
    MPI_Bcast(bytes.data() + done, static_cast<int>(std::min<std::size_t>(most, length - done)), MPI_BYTE, root, comm);
  }
  return bytes;
}

std::vector<std::string> all_gather(MPI_Comm comm, const std::string& bytes, std::size_t most) {
  int rank = 0, size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const auto ranks = static_cast<std::size_t>(size);
  const auto own = static_cast<std::uint64_t>(bytes.size());
  std::vector<std::uint64_t> lengths(ranks);
  MPI_Allgather(&own, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, comm);
  std::vector<std::string> result(ranks);
  const std::uint64_t total = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  if (total > most) {
    for (int root = 0; root < size; ++root) {
      result[static_cast<std::size_t>(root)] = broadcast(comm, root == rank ? bytes : "", root, most);
    }
    return result;
  }
  std::vector<int> counts(ranks), starts(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    counts[r] = static_cast<int>(lengths[r]);
    starts[r] = r == 0 ? 0 : starts[r - 1] + counts[r - 1];
  }
  std::string all(total, '\0');
  MPI_Allgatherv(bytes.data(), static_cast<int>(own), MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, comm);
  for (std::size_t r = 0; r < ranks; ++r) result[r] = all.substr(static_cast<std::size_t>(starts[r]), lengths[r]);
  return result;
}

}  // namespace xylem::detail
