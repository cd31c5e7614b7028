#pragma once

namespace xylem {

/// The ranks of a job as a value, so that plans for any number of them can be made and tested without MPI.
struct Topology {
  int ranks = 1;
};

}  // namespace xylem
