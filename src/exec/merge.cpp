#include "detail/merge.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/contract.hpp"

namespace xylem::detail {
namespace {

using TileId = std::pair<std::uint64_t, std::int64_t>;

TileId id_of(const TilePart& part) { return {part.group, part.tile}; }

// Which tiles each rank has parts of, in ascending order.
std::vector<std::vector<TileId>> tiles_by_rank(const Communicator& comm, const std::vector<TilePart>& parts) {
  std::vector<TileId> own;
  for (const TilePart& part : parts) own.push_back(id_of(part));
  std::vector<std::vector<TileId>> all;
  for (const std::string& bytes : comm.all_gather(to_bytes(own))) all.push_back(from_bytes<std::vector<TileId>>(bytes));
  return all;
}

// The tiles that any rank has a part of, and those of groups over no elements.
std::vector<TileId> all_tiles(const Pass& pass, const std::vector<std::vector<TileId>>& by_rank) {
  std::set<TileId> tiles;
  for (const std::vector<TileId>& theirs : by_rank) tiles.insert(theirs.begin(), theirs.end());
  for (std::size_t g = 0; g < pass.groups.size(); ++g) {
    if (pass.groups[g].reduced != 0) continue;
    for (std::int64_t tile = 0; tile < pass.groups[g].num_tiles(); ++tile) tiles.emplace(g, tile);
  }
  return {tiles.begin(), tiles.end()};
}

// Tiles [begin, end) of all, which are merged together, each on a rank.
struct Round {
  const std::vector<TileId>& tiles;
  std::size_t begin;
  std::size_t end;
  std::size_t ranks;

  [[nodiscard]] bool contains(const TileId& id) const { return tiles[begin] <= id && (end == tiles.size() || id < tiles[end]); }
  [[nodiscard]] std::size_t owner(const TileId& id) const {
    return (static_cast<std::size_t>(std::ranges::lower_bound(tiles, id) - tiles.begin()) - begin) % ranks;
  }
};

// Parts travel one behind the other, each behind this.
struct PartHead {
  std::uint64_t group = 0;
  std::int64_t tile = 0;
  std::int64_t elements = 0;
  std::uint64_t bytes = 0;
};

std::size_t message_bytes(const TilePart& part) { return sizeof(PartHead) + part.packed.size(); }

// Frees the part, so that it is never there twice.
void append(std::string& message, TilePart part) {
  const PartHead head{part.group, part.tile, part.elements, part.packed.size()};
  message.append(reinterpret_cast<const char*>(&head), sizeof head);
  message += part.packed;
}

template <class Visit>
void for_each_part(std::string_view message, const Visit& visit) {
  while (!message.empty()) {
    PartHead head;
    std::memcpy(&head, message.data(), sizeof head);
    visit(TileId(head.group, head.tile), head.elements, message.substr(sizeof head, head.bytes));
    message.remove_prefix(sizeof head + head.bytes);
  }
}

// Ranks send in turns, so that no rank gets much more than merge_bytes at once: the first rank of each turn, and the end.
std::vector<std::size_t> turns_of(const Pass& pass, const Round& round, const std::vector<std::vector<TileId>>& by_rank) {
  std::vector<std::size_t> turns{0};
  std::vector<std::int64_t> incoming(round.ranks, 0);
  for (std::size_t rank = 0; rank < round.ranks; ++rank) {
    const auto add = [&] {
      std::int64_t most = 0;
      const std::vector<TileId>& theirs = by_rank[rank];
      for (auto id = std::ranges::lower_bound(theirs, round.tiles[round.begin]); id != theirs.end() && round.contains(*id);
           ++id) {
        most = std::max(most, incoming[round.owner(*id)] += pass.groups[id->first].tile_state);
      }
      return most;
    };
    if (add() > pass.merge_bytes && rank > turns.back()) {
      turns.push_back(rank);
      std::ranges::fill(incoming, 0);
      add();
    }
  }
  turns.push_back(round.ranks);
  return turns;
}

}  // namespace

void merge(const Communicator& comm, const Pass& pass, std::vector<TilePart> parts, const FinishTile& finish,
           const MakeState& make_state) {
  const auto ranks = static_cast<std::size_t>(comm.size()), own = static_cast<std::size_t>(comm.rank());
  std::ranges::stable_sort(parts, {}, id_of);
  const auto by_rank = tiles_by_rank(comm, parts);
  const std::vector<TileId> tiles = all_tiles(pass, by_rank);
  std::size_t next = 0;
  for (std::size_t begin = 0; begin < tiles.size();) {
    // Each round takes one tile for each rank, and more of small ones.
    std::int64_t bytes = 0;
    std::size_t end = begin;
    while (end < tiles.size() && (end - begin < ranks || bytes < pass.merge_bytes))
      bytes += pass.groups[tiles[end++].first].tile_state;
    const Round round{tiles, begin, end, ranks};
    std::map<TileId, std::pair<std::unique_ptr<Accumulators>, std::int64_t>> mine;
    comm.agree([&] {
      for (std::size_t i = begin; i < end; ++i) {
        if (round.owner(tiles[i]) == own) mine[tiles[i]] = {make_state(tiles[i].first, tiles[i].second), 0};
      }
    });
    const std::vector<std::size_t> turns = turns_of(pass, round, by_rank);
    for (std::size_t turn = 0; turn + 1 < turns.size(); ++turn) {
      std::vector<std::string> messages(ranks);
      comm.agree([&] {
        if (own < turns[turn] || own >= turns[turn + 1]) return;
        const std::size_t first = next;
        std::vector<std::size_t> sizes(ranks);
        for (; next < parts.size() && round.contains(id_of(parts[next])); ++next) {
          sizes[round.owner(id_of(parts[next]))] += message_bytes(parts[next]);
        }
        for (std::size_t rank = 0; rank < ranks; ++rank) messages[rank].reserve(sizes[rank]);
        for (std::size_t p = first; p < next; ++p) append(messages[round.owner(id_of(parts[p]))], std::move(parts[p]));
      });
      std::vector<std::string> incoming = comm.all_to_all(std::move(messages));
      comm.agree([&] {
        for (std::string& message : incoming) {
          for_each_part(message, [&](const TileId& id, std::int64_t elements, std::string_view packed) {
            mine.at(id).first->combine_packed(packed);
            mine.at(id).second += elements;
          });
          message = {};
        }
      });
    }
    comm.agree([&] {
      for (auto& [id, tile] : mine) {
        const ReductionGroup& group = pass.groups[id.first];
        XYLEM_EXPECT(tile.second == group.tile(id.second).size() * group.reduced, "every element has gone into its output");
        finish(id.first, id.second, *tile.first);
        tile.first.reset();
      }
    });
    begin = end;
  }
}

}  // namespace xylem::detail
