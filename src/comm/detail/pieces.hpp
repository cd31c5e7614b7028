#pragma once

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace xylem::detail {

// MPI's counts are ints: longer messages travel in pieces of `most` bytes.
constexpr std::size_t max_piece = std::size_t{1} << 30;

std::string broadcast(MPI_Comm comm, std::string bytes, int root, std::size_t most = max_piece);

std::vector<std::string> all_gather(MPI_Comm comm, const std::string& bytes, std::size_t most = max_piece);

template <class T>
void all_reduce(MPI_Comm comm, std::span<T> values, MPI_Datatype type, MPI_Op op, std::size_t most = max_piece) {
  while (!values.empty()) {
    const auto piece = values.first(std::min(values.size(), most / sizeof(T)));
    MPI_Allreduce(MPI_IN_PLACE, piece.data(), static_cast<int>(piece.size()), type, op, comm);
    values = values.subspan(piece.size());
  }
}

}  // namespace xylem::detail
