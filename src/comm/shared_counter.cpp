#include "xylem/comm/shared_counter.hpp"

namespace xylem {

SharedCounter::SharedCounter(const Communicator& comm) {
  const MPI_Aint bytes = comm.rank() == 0 ? static_cast<MPI_Aint>(sizeof(std::int64_t)) : 0;
  MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, comm.handle(), &value_, &window_);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
  if (comm.rank() == 0) {
    *value_ = 0;
    MPI_Win_sync(window_);
  }
  MPI_Barrier(comm.handle());
}

SharedCounter::~SharedCounter() {
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

std::int64_t SharedCounter::next() {
  const std::int64_t one = 1;
  std::int64_t before = 0;
  MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 0, 0, MPI_SUM, window_);
  MPI_Win_flush(0, window_);
  return before;
}

}  // namespace xylem
