#include "detail/merge.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/contract.hpp"

namespace xylem::detail {
namespace {

using TileId = std::pair<std::uint64_t, std::int64_t>;

TileId id_of(const TilePart& part) { return {part.group, part.tile}; }

// The tiles that any rank has a part of.
std::vector<TileId> all_tiles(const Communicator& comm, const Pass& pass, const std::vector<TilePart>& parts) {
  std::vector<TileId> own;
  for (const TilePart& part : parts) own.push_back(id_of(part));
  std::set<TileId> tiles;
  for (const std::string& bytes : comm.all_gather(to_bytes(own))) {
    const auto theirs = from_bytes<std::vector<TileId>>(bytes);
    tiles.insert(theirs.begin(), theirs.end());
  }
  for (std::size_t g = 0; g < pass.groups.size(); ++g) {
    if (pass.groups[g].reduced != 0) continue;
    for (std::int64_t tile = 0; tile < pass.groups[g].num_tiles(); ++tile) tiles.emplace(g, tile);
  }
  return {tiles.begin(), tiles.end()};
}

}  // namespace

void merge(const Communicator& comm, const Pass& pass, std::vector<TilePart> parts, const FinishTile& finish,
           const MakeState& make_state) {
  const std::vector<TileId> tiles = all_tiles(comm, pass, parts);
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::ranges::stable_sort(parts, {}, id_of);
  std::size_t next = 0;
  for (std::size_t begin = 0; begin < tiles.size();) {
    // Each round takes one tile for each rank, and more of small ones.
    std::int64_t bytes = 0;
    std::size_t end = begin;
    while (end < tiles.size() && (end - begin < ranks || bytes < pass.merge_bytes))
      bytes += pass.groups[tiles[end++].first].tile_state;
    const auto owner = [&](const TileId& id) {
      return static_cast<std::size_t>(std::ranges::lower_bound(tiles, id) - tiles.begin() - static_cast<std::ptrdiff_t>(begin)) %
             ranks;
    };
    std::vector<std::string> messages(ranks);
    std::vector<std::vector<std::tuple<TileId, std::int64_t, std::string>>> outgoing(ranks);
    for (; next < parts.size() && (end == tiles.size() || id_of(parts[next]) < tiles[end]); ++next) {
      TilePart& part = parts[next];
      outgoing[owner(id_of(part))].emplace_back(id_of(part), part.elements, std::move(part.packed));
    }
    comm.agree([&] {
      for (std::size_t rank = 0; rank < ranks; ++rank) messages[rank] = to_bytes(std::exchange(outgoing[rank], {}));
    });
    const std::vector<std::string> incoming = comm.all_to_all(std::move(messages));
    comm.agree([&] {
      std::map<TileId, std::pair<std::unique_ptr<Accumulators>, std::int64_t>> mine;
      for (std::size_t i = begin; i < end; ++i) {
        if (owner(tiles[i]) == static_cast<std::size_t>(comm.rank())) {
          mine[tiles[i]] = {make_state(tiles[i].first, tiles[i].second), 0};
        }
      }
      for (const std::string& message : incoming) {
        for (const auto& [id, elements, packed] :
             from_bytes<std::vector<std::tuple<TileId, std::int64_t, std::string>>>(message)) {
          mine.at(id).first->combine_packed(packed);
          mine.at(id).second += elements;
        }
      }
      for (const auto& [id, tile] : mine) {
        const ReductionGroup& group = pass.groups[id.first];
        XYLEM_EXPECT(tile.second == group.tile(id.second).size() * group.reduced, "every element has gone into its output");
        finish(id.first, id.second, *tile.first);
      }
    });
    begin = end;
  }
}

}  // namespace xylem::detail
