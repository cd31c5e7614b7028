#include "xylem/comm/communicator.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace xylem {
namespace {

// MPI counts are ints: longer buffers travel in pieces.
constexpr std::size_t max_piece = std::size_t{1} << 30;

template <class T>
void all_reduce(std::span<T> values, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  while (!values.empty()) {
    const auto piece = values.first(std::min(values.size(), max_piece / sizeof(T)));
    MPI_Allreduce(MPI_IN_PLACE, piece.data(), static_cast<int>(piece.size()), type, op, comm);
    values = values.subspan(piece.size());
  }
}

}  // namespace

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
  return std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE) / ranks;
}

void Communicator::all_reduce_sum(std::span<std::int64_t> values) const { all_reduce(values, MPI_INT64_T, MPI_SUM, handle_); }
void Communicator::all_reduce_min(std::span<std::uint64_t> values) const { all_reduce(values, MPI_UINT64_T, MPI_MIN, handle_); }
void Communicator::all_reduce_max(std::span<double> values) const { all_reduce(values, MPI_DOUBLE, MPI_MAX, handle_); }

std::string Communicator::broadcast(std::string bytes, int root) const {
  auto length = static_cast<std::uint64_t>(bytes.size());
  MPI_Bcast(&length, 1, MPI_UINT64_T, root, handle_);
  bytes.resize(length);
  for (std::size_t done = 0; done < length; done += max_piece) {
    MPI_Bcast(bytes.data() + done, static_cast<int>(std::min<std::size_t>(max_piece, length - done)), MPI_BYTE, root, handle_);
  }
  return bytes;
}

std::vector<std::string> Communicator::all_gather(const std::string& bytes) const {
  const auto ranks = static_cast<std::size_t>(size_);
  const auto own = static_cast<std::uint64_t>(bytes.size());
  std::vector<std::uint64_t> lengths(ranks);
  MPI_Allgather(&own, 1, MPI_UINT64_T, lengths.data(), 1, MPI_UINT64_T, handle_);
  std::vector<std::string> result(ranks);
  const std::uint64_t total = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  if (total > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    for (int root = 0; root < size_; ++root) result[static_cast<std::size_t>(root)] = broadcast(root == rank_ ? bytes : "", root);
    return result;
  }
  std::vector<int> counts(ranks), starts(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    counts[r] = static_cast<int>(lengths[r]);
    starts[r] = r == 0 ? 0 : starts[r - 1] + counts[r - 1];
  }
  std::string all(total, '\0');
  MPI_Allgatherv(bytes.data(), static_cast<int>(own), MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, handle_);
  for (std::size_t r = 0; r < ranks; ++r) result[r] = all.substr(static_cast<std::size_t>(starts[r]), lengths[r]);
  return result;
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
