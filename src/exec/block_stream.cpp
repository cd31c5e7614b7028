#include "detail/block_stream.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "xylem/support/timer.hpp"

namespace xylem::detail {
namespace {

// A worker that has waited so long for its files, and for so large a part of the time that fetching took, gets a thread to fetch
// ahead. Clocks and other processes make some wait of each block.
constexpr double patience = 0.002, patient_part = 0.125;

// Seconds that this thread has been running.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

BlockStream::BlockStream(FilePool& files, const Pass& pass, const std::vector<ScanRange>& ranges, StreamBuffers& buffers)
    : files_(files),
      pass_(pass),
      ranges_(ranges),
      buffers_(buffers),
      may_read_ahead_(std::ranges::all_of(ranges, [&](const ScanRange& range) { return pass.scans[range.scan].read_ahead; })) {}

BlockStream::~BlockStream() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock hold(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// Puts the next block into the slot and returns true; or says there that there is none, or why it cannot be had.
bool BlockStream::fetch(Slot& slot, BlockBuffers& into) {
  State state = State::fetched;
  const Timer timer;
  try {
    while (range_ < ranges_.size() && number_ >= ranges_[range_].end - ranges_[range_].begin) {
      ++range_;
      number_ = 0;
      source_.reset();
    }
    if (range_ == ranges_.size()) {
      state = State::end;
    } else {
      const ScanRange& range = ranges_[range_];
      const Scan& scan = pass_.scans[range.scan];
      slot.block.source.reset();  // of a block before; files that nobody needs are closed before another is opened
      if (!source_) source_ = std::make_shared<BlockSource>(files_, scan);
      slot.block = {range.scan, scan.box(range.begin + number_++), source_};
      source_->fetch(slot.block.box, into);
    }
  } catch (...) {
    slot.failure = std::current_exception();
    state = State::failed;
  }
  const double seconds = timer.seconds();
  const std::scoped_lock hold(mutex_);
  slot.state = state;
  times_.fetch += seconds;
  return state == State::fetched;
}

void BlockStream::fetch_ahead(std::size_t i) {
  for (;; i = 1 - i) {
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [&] { return stop_ || slots_[i].state == State::empty; });
      if (stop_) return;
    }
    const bool more = fetch(slots_[i], buffers_.blocks[i]);
    changed_.notify_all();
    if (!more) return;
  }
}

const StreamedBlock* BlockStream::next() {
  if (done_) return nullptr;
  const Timer timer;
  {
    const std::scoped_lock hold(mutex_);
    slots_[current_].state = State::empty;
  }
  Slot* slot = nullptr;
  if (thread_.joinable()) {
    changed_.notify_all();
    current_ = 1 - current_;
    slot = &slots_[current_];
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [&] { return slot->state != State::empty; });
  } else {
    const double began = thread_seconds();
    slot = &slots_[current_];
    const bool more = fetch(*slot, buffers_.blocks[current_]);
    const double seconds = timer.seconds();
    buffers_.fetching += seconds;
    buffers_.waited += seconds - (thread_seconds() - began);
    if (more && may_read_ahead_ && buffers_.waited > std::max(patience, patient_part * buffers_.fetching)) {
      thread_ = std::thread([this, first = 1 - current_] { fetch_ahead(first); });
    }
  }
  times_.wait += timer.seconds();
  done_ = slot->state != State::fetched;
  if (slot->failure) std::rethrow_exception(std::exchange(slot->failure, nullptr));
  if (done_) return nullptr;
  const Timer decoding;
  slot->block.source->decode(buffers_.blocks[current_], buffers_.decoded);
  times_.decode += decoding.seconds();
  return &slot->block;
}

}  // namespace xylem::detail
