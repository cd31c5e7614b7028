#include "xylem/comm/communicator.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "xylem/support/contract.hpp"
#include "xylem/support/cpus.hpp"
#include "xylem/support/memory.hpp"

#include "detail/pieces.hpp"

namespace xylem {

Communicator::Communicator(MPI_Comm parent) {
  MPI_Comm_dup(parent, &handle_);
  MPI_Comm_rank(handle_, &rank_);
  MPI_Comm_size(handle_, &size_);
}

Communicator::~Communicator() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (handle_ != MPI_COMM_NULL && finalized == 0) MPI_Comm_free(&handle_);
}

Communicator::Communicator(Communicator&& other) noexcept
    : handle_(std::exchange(other.handle_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}

Communicator& Communicator::operator=(Communicator&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
  return *this;
}

std::int64_t Communicator::node_memory_per_rank() const {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  int ranks = 1;
  MPI_Comm_size(node, &ranks);
  MPI_Comm_free(&node);
  return node_memory_bytes() / ranks;
}

int Communicator::cpus_per_rank() const {
  MPI_Comm split = MPI_COMM_NULL;
  MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &split);
  const Communicator node(split);
  MPI_Comm_free(&split);
  const std::vector<int> cpus = allowed_cpus();
  const std::string own(reinterpret_cast<const char*>(cpus.data()), cpus.size() * sizeof(int));
  const std::vector<std::string> all = node.all_gather(own);
  const auto allowed = static_cast<double>(cpus.size());
  double share = allowed / static_cast<double>(std::ranges::count(all, own));
  if (const auto given = slurm_cpus_per_task()) share = std::min(allowed, static_cast<double>(*given));
  if (const auto quota = cpu_quota()) share = std::min(share, *quota / node.size());
  std::array<double, 1> least{-std::floor(std::max(1.0, share))};
  all_reduce_max(least);
  return static_cast<int>(-least[0]);
}

void Communicator::all_reduce_sum(std::span<std::int64_t> values) const {
  detail::all_reduce(handle_, values, MPI_INT64_T, MPI_SUM);
}

void Communicator::all_reduce_max(std::span<double> values) const { detail::all_reduce(handle_, values, MPI_DOUBLE, MPI_MAX); }

std::string Communicator::broadcast(std::string bytes, int root) const {
  return detail::broadcast(handle_, std::move(bytes), root);
}

std::vector<std::string> Communicator::all_gather(const std::string& bytes) const { return detail::all_gather(handle_, bytes); }

std::vector<std::string> Communicator::all_to_all(std::vector<std::string> messages) const {
  const auto ranks = static_cast<std::size_t>(size_);
  XYLEM_EXPECT(messages.size() == ranks, "a message for each rank");
  std::vector<std::uint64_t> lengths(ranks), expected(ranks);
  for (std::size_t r = 0; r < ranks; ++r) lengths[r] = messages[r].size();
  MPI_Alltoall(lengths.data(), 1, MPI_UINT64_T, expected.data(), 1, MPI_UINT64_T, handle_);
  std::vector<std::string> received(ranks);
  for (std::size_t r = 0; r < ranks; ++r) received[r].resize(expected[r]);
  const auto own = static_cast<std::size_t>(rank_);
  received[own] = std::move(messages[own]);
  // Between two ranks pieces arrive in the order in which they were sent.
  std::vector<MPI_Request> requests;
  constexpr int tag = 1;
  const auto in_pieces = [&](std::string& bytes, std::size_t rank, const auto& transfer) {
    if (rank == own) return;
    for (std::size_t done = 0; done < bytes.size(); done += detail::max_piece) {
      const auto count = static_cast<int>(std::min(detail::max_piece, bytes.size() - done));
      transfer(bytes.data() + done, count, MPI_BYTE, static_cast<int>(rank), tag, handle_, &requests.emplace_back());
    }
  };
  for (std::size_t r = 0; r < ranks; ++r) in_pieces(received[r], r, MPI_Irecv);
  for (std::size_t r = 0; r < ranks; ++r) in_pieces(messages[r], r, MPI_Isend);
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  return received;
}

void Communicator::settle(const std::optional<Failure>& failure) const {
  int first = failure ? rank_ : size_;
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, handle_);
  if (first == size_) return;
  Failure agreed;
  if (first == rank_) agreed = *failure;
  int kind = static_cast<int>(agreed.kind);
  MPI_Bcast(&kind, 1, MPI_INT, first, handle_);
  agreed.kind = static_cast<ErrorKind>(kind);
  agreed.message = broadcast(std::move(agreed.message), first);
  throw_agreed(agreed);
}

}  // namespace xylem
