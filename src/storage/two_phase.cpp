#include "detail/two_phase.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "xylem/model/io.hpp"
#include "xylem/support/aligned_bytes.hpp"

namespace xylem {
namespace {

constexpr std::int64_t alignment = std::int64_t{1} << 20;     // of shares: a stripe of a parallel file system, or a part of one
constexpr std::int64_t most_extents = std::int64_t{1} << 16;  // of a rank in a round
constexpr std::int64_t small_gap_bytes = std::int64_t{64} << 10;  // read along, where that saves a request

// The extents of one round, and those that are left.
std::vector<FileExtent> take_round(std::span<const FileExtent>& rest, std::int64_t& done_of_first) {
  std::vector<FileExtent> round;
  std::int64_t room = collective_round_bytes;
  while (!rest.empty() && room > 0 && std::ssize(round) < most_extents) {
    const std::int64_t left = rest.front().bytes - done_of_first, bytes = std::min(left, room);
    round.push_back({rest.front().address + done_of_first, bytes});
    room -= bytes;
    done_of_first += bytes;
    if (bytes < left) break;
    rest = rest.subspan(1);
    done_of_first = 0;
  }
  return round;
}

// The part of the file that a round is about, in one share a rank.
struct Shares {
  std::int64_t begin = 0;
  std::int64_t bytes = alignment;  // of a share

  [[nodiscard]] std::size_t of(std::int64_t address) const { return static_cast<std::size_t>((address - begin) / bytes); }
  [[nodiscard]] std::int64_t end_of(std::size_t share) const { return begin + (static_cast<std::int64_t>(share) + 1) * bytes; }
};

Shares deal(const Communicator& comm, std::span<const FileExtent> round) {
  // Doubles hold addresses of up to 8 PiB exactly.
  constexpr double none = -std::numeric_limits<double>::infinity();
  std::array<double, 2> ends{none, none};
  if (!round.empty())
    ends = {-static_cast<double>(round.front().address), static_cast<double>(round.back().address + round.back().bytes)};
  comm.all_reduce_max(ends);
  if (std::isinf(ends[0])) return {};
  Shares shares;
  shares.begin = static_cast<std::int64_t>(-ends[0]) / alignment * alignment;
  const std::int64_t each = (static_cast<std::int64_t>(ends[1]) - shares.begin - 1) / comm.size() + 1;
  shares.bytes = (each + alignment - 1) / alignment * alignment;
  return shares;
}

// What a rank asks of each: extents, as bytes.
std::vector<std::string> requests(const Communicator& comm, std::span<const FileExtent> round, const Shares& shares) {
  std::vector<std::string> messages(static_cast<std::size_t>(comm.size()));
  for (FileExtent rest : round) {
    while (rest.bytes > 0) {
      const std::size_t owner = shares.of(rest.address);
      const FileExtent piece{rest.address, std::min(rest.bytes, shares.end_of(owner) - rest.address)};
      messages[owner].append(reinterpret_cast<const char*>(&piece), sizeof piece);
      rest = {rest.address + piece.bytes, rest.bytes - piece.bytes};
    }
  }
  return messages;
}

// A piece of this rank's share that another wants, and where in the answer to it.
struct Wanted {
  FileExtent extent;
  std::size_t rank;
  std::size_t offset;
};

// Reads what the ranks ask of this one, each byte once, and puts the answers together.
std::string answer(const ElementReader& file, const std::vector<std::string>& asked, std::vector<std::string>& answers) {
  std::vector<Wanted> all;
  for (std::size_t rank = 0; rank < asked.size(); ++rank) {
    std::size_t offset = 0;
    for (std::size_t at = 0; at < asked[rank].size(); at += sizeof(FileExtent)) {
      FileExtent extent;
      std::memcpy(&extent, asked[rank].data() + at, sizeof extent);
      all.push_back({extent, rank, offset});
      offset += static_cast<std::size_t>(extent.bytes);
    }
    answers[rank].resize(offset);
  }
  std::ranges::sort(all, {}, [](const Wanted& wanted) { return wanted.extent.address; });
  AlignedBytes window;
  std::string problem;
  for (std::size_t first = 0, next = 0; first < all.size(); first = next) {
    const std::int64_t begin = all[first].extent.address;
    std::int64_t end = begin + all[first].extent.bytes;
    for (next = first + 1; next < all.size(); ++next) {
      const FileExtent& extent = all[next].extent;
      const std::int64_t behind = std::max(end, extent.address + extent.bytes);
      if (extent.address > end + small_gap_bytes || behind - begin > collective_round_bytes) break;
      end = behind;
    }
    window.reserve(static_cast<std::size_t>(end - begin));
    const auto bytes = window.first(static_cast<std::size_t>(end - begin));
    if (std::string failed = file.read_bytes(begin, bytes); !failed.empty() && problem.empty()) problem = std::move(failed);
    for (std::size_t i = first; i < next; ++i) {
      std::memcpy(answers[all[i].rank].data() + all[i].offset, bytes.data() + (all[i].extent.address - begin),
                  static_cast<std::size_t>(all[i].extent.bytes));
    }
  }
  return problem;
}

}  // namespace

std::string read_together(const Communicator& comm, const ElementReader& file, std::span<const FileExtent> extents,
                          std::span<std::byte> out) {
  std::string problem;
  std::int64_t done_of_first = 0;
  std::byte* to = out.data();
  while (true) {
    std::array<double, 1> left{static_cast<double>(extents.size())};
    comm.all_reduce_max(left);
    if (left[0] == 0) return problem;
    const auto round = take_round(extents, done_of_first);
    const Shares shares = deal(comm, round);
    std::vector<std::string> answers(static_cast<std::size_t>(comm.size()));
    std::string failed = answer(file, comm.all_to_all(requests(comm, round, shares)), answers);
    if (problem.empty()) problem = std::move(failed);
    // Shares are in the order of the file, as the extents are.
    for (const std::string& bytes : comm.all_to_all(std::move(answers))) {
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    }
  }
}

}  // namespace xylem
