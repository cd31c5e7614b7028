#pragma once

#include <mpi.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xylem/model/topology.hpp"
#include "xylem/support/error.hpp"

namespace xylem {

/// An owning MPI communicator: a duplicate of its parent, freed at the end of its life, so that xylem's messages never meet those
/// of the program around it.
class Communicator {
 public:
  /// Duplicates `parent`.
  /// Collective: on `parent`.
  explicit Communicator(MPI_Comm parent);
  ~Communicator();
  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&& other) noexcept;

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int size() const noexcept { return size_; }
  /// For calls of MPI: the duplicate, which this object frees.
  [[nodiscard]] MPI_Comm handle() const noexcept { return handle_; }
  /// The number of its ranks, for plans.
  [[nodiscard]] Topology topology() const noexcept { return {size_}; }

  /// The memory that the job may use on this node (support/memory.hpp) in bytes, divided by the ranks of this communicator that
  /// share it.
  /// Collective: yes.
  [[nodiscard]] std::int64_t node_memory_per_rank() const;

  /// The CPUs that each rank has for itself, at least 1: what Slurm gives a task, or this rank's part of those that it may run on
  /// (support/cpus.hpp), which it shares with the ranks of its node that may run on the same. The least over all ranks, so that
  /// all plan for as many threads. Collective: yes.
  [[nodiscard]] int cpus_per_rank() const;

  /// Element-wise sums (modulo 2^64) over all ranks, in place; every rank passes the same number of values.
  /// Collective: yes.
  void all_reduce_sum(std::span<std::int64_t> values) const;
  /// The same with maxima.
  /// Collective: yes.
  void all_reduce_max(std::span<double> values) const;

  /// `bytes` of rank `root`, on every rank.
  /// Collective: yes.
  [[nodiscard]] std::string broadcast(std::string bytes, int root) const;

  /// Every rank's bytes, by rank, on every rank. Lengths may differ.
  /// Collective: yes.
  [[nodiscard]] std::vector<std::string> all_gather(const std::string& bytes) const;

  /// Sends message r to rank r, and gives what each rank sent here, by rank. Lengths may differ.
  /// Collective: yes.
  [[nodiscard]] std::vector<std::string> all_to_all(std::vector<std::string> messages) const;

  /// Runs `stage` on every rank and agrees on its success: when it throws on any rank, every rank throws the error of the lowest
  /// such rank (same class, same message, `agreed()` set). `stage` must make no collective calls: a rank that throws would leave
  /// the others waiting in them.
  /// Collective: yes.
  template <class Stage>
  auto agree(Stage&& stage) const {
    std::optional<Failure> failure;
    if constexpr (std::is_void_v<std::invoke_result_t<Stage>>) {
      try {
        stage();
      } catch (...) {
        failure = current_failure();
      }
      settle(failure);
    } else {
      std::optional<std::invoke_result_t<Stage>> result;
      try {
        result.emplace(stage());
      } catch (...) {
        failure = current_failure();
      }
      settle(failure);
      return std::move(*result);
    }
  }

 private:
  void settle(const std::optional<Failure>& failure) const;

  MPI_Comm handle_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace xylem
