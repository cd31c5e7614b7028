#pragma once

#include "xylem/comm/communicator.hpp"

namespace xylem::test {

/// All ranks of the test program.
const Communicator& world();

}  // namespace xylem::test
