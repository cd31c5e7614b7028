#include "detail/intermediates.hpp"

#include <algorithm>
#include <cstring>

#include "xylem/comm/archive.hpp"

namespace xylem::detail {
Intermediates::Intermediates(const Plan& plan) : plan_(plan), values_(plan.intermediates.size()) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Intermediate& made = plan.intermediates[i];
    values_[i].resize(static_cast<std::size_t>(made.bytes()));
    if (!made.known) continue;
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&*made.known)) {
      std::memcpy(values_[i].data(), integers->data(), values_[i].size());
    } else if (const auto* reals = std::get_if<std::vector<double>>(&*made.known)) {
      std::memcpy(values_[i].data(), reals->data(), values_[i].size());
    }
  }
}

ArrayView Intermediates::view(std::size_t index) const {
  const Intermediate& made = plan_.intermediates[index];
  return {values_[index].data(), Shape(made.shape.size(), 0), row_major(made.shape, element_size(made.type))};
}

void Intermediates::add(std::size_t index, const Box& box, std::span<const std::byte> values) {
  const std::scoped_lock hold(mutex_);
  found_.push_back({index, box.start, box.count, std::string(reinterpret_cast<const char*>(values.data()), values.size())});
}

void Intermediates::spread(const Communicator& comm) {
  const auto round_bytes = static_cast<std::size_t>(std::max<std::int64_t>(1, spread_bytes / comm.size()));
  std::size_t next = 0;
  bool more = comm.size() > 1;
  if (!more) {
    for (const Found& one : found_) put(one);
  }
  while (more) {
    std::vector<Found> own;
    std::size_t bytes = 0;
    while (next < found_.size() && bytes < round_bytes) {
      bytes += found_[next].values.size();
      own.push_back(std::move(found_[next++]));
    }
    more = false;
    const bool mine = next < found_.size();
    for (const std::string& theirs : comm.all_gather(to_bytes(std::pair(mine, own)))) {
      const auto [others, found] = from_bytes<std::pair<bool, std::vector<Found>>>(theirs);
      more = more || others;
      for (const Found& one : found) put(one);
    }
  }
  found_.clear();
}

void Intermediates::put(const Found& found) {
  const Intermediate& made = plan_.intermediates[found.index];
  const std::int64_t element = element_size(made.type);
  const Shape strides = row_major(made.shape, element);
  Shape rows = found.count;
  std::int64_t row_bytes = element;
  if (!rows.empty()) {
    row_bytes *= rows.back();
    rows.back() = 1;
  }
  const ChunkGrid grid(rows, Shape(rows.size(), 1));
  for (std::int64_t r = 0; r < grid.size(); ++r) {
    const Shape at = grid.coordinates(r);
    std::int64_t to = 0;
    for (std::size_t d = 0; d < at.size(); ++d) to += (found.start[d] + at[d]) * strides[d];
    std::memcpy(values_[found.index].data() + to, found.values.data() + r * row_bytes, static_cast<std::size_t>(row_bytes));
  }
}

}  // namespace xylem::detail
