#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/kernels/accumulate.hpp"
#include "xylem/plan/plan.hpp"

namespace xylem::detail {

/// What one rank has of a tile's accumulators.
struct TilePart {
  std::size_t group = 0;
  std::int64_t tile = 0;
  std::int64_t elements = 0;
  std::string packed{};
};

using FinishTile = std::function<void(std::size_t group, std::int64_t tile, const Accumulators& state)>;
using MakeState = std::function<std::unique_ptr<Accumulators>(std::size_t group, std::int64_t tile)>;

/// Joins the parts of all ranks, tile by tile, each on one rank, which finishes it; tiles of groups over no elements too. No rank
/// holds more than some tiles at once.
/// Collective: yes.
void merge(const Communicator& comm, const Pass& pass, std::vector<TilePart> parts, const FinishTile& finish,
           const MakeState& make_state);

}  // namespace xylem::detail
