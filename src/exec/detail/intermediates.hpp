#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/plan/plan.hpp"

#include "detail/block_source.hpp"

namespace xylem::detail {

/// The plan's intermediate results, in whole on every rank.
class Intermediates {
 public:
  explicit Intermediates(const Plan& plan);

  [[nodiscard]] ArrayView view(std::size_t index) const;
  /// Notes values that this rank has found. Any thread.
  void add(std::size_t index, const Box& box, std::span<const std::byte> values);
  /// Tells all ranks what each has found since the last time.
  /// Collective: yes.
  void spread(const Communicator& comm);

 private:
  struct Found {
    std::uint64_t index = 0;
    Shape start{};
    Shape count{};
    std::string values{};

    template <class Archive>
    void serialize(Archive& archive) {
      archive(index, start, count, values);
    }
  };

  void put(const Found& found);

  const Plan& plan_;
  std::vector<std::vector<std::byte>> values_;
  std::mutex mutex_;
  std::vector<Found> found_;
};

}  // namespace xylem::detail
