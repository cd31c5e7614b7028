#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "xylem/plan/plan.hpp"
#include "xylem/storage/reader.hpp"

#include "detail/block_source.hpp"

namespace xylem::detail {

/// Buffers of one worker for the blocks that it reads, from one run of blocks to the next: of the block that is evaluated, and of
/// the one that is fetched meanwhile.
struct StreamBuffers {
  std::array<BlockBuffers, 2> blocks{};
  BlockBuffers decoded{};
  double fetching = 0;  // seconds, while there was no thread for it
  double waited = 0;    // of these, when it did not run
};

/// A block that has been read.
struct StreamedBlock {
  std::size_t scan = 0;
  Box box{};
  std::shared_ptr<BlockSource> source{};  ///< has its elements
};

/// The blocks of a run, one after the other, read and decoded. While a block is evaluated the next one is fetched, by a thread
/// that starts once fetching is found to wait, for a disk or a file system, where the plan has memory for two blocks. Bytes that
/// are in memory already would gain nothing from it: one core copies them as fast, and keeps them in its cache.
class BlockStream {
 public:
  BlockStream(FilePool& files, const Pass& pass, const std::vector<ScanRange>& ranges, StreamBuffers& buffers);
  ~BlockStream();
  BlockStream(const BlockStream&) = delete;
  BlockStream& operator=(const BlockStream&) = delete;

  /// The next block, valid until the call after this one; null when there are no more. Throws what fetching and decoding it
  /// threw; then there are no more.
  const StreamedBlock* next();

  struct Times {
    double fetch = 0;   ///< of whichever thread
    double wait = 0;    ///< until the next block was fetched
    double decode = 0;  ///< and putting elements in place
  };
  /// When no more blocks are wanted.
  [[nodiscard]] const Times& times() const noexcept { return times_; }

 private:
  enum class State : std::uint8_t { empty, fetched, end, failed };
  struct Slot {
    State state = State::empty;
    StreamedBlock block{};
    std::exception_ptr failure{};
  };

  bool fetch(Slot& slot, BlockBuffers& into);
  void fetch_ahead(std::size_t first);

  FilePool& files_;
  const Pass& pass_;
  const std::vector<ScanRange>& ranges_;
  StreamBuffers& buffers_;
  bool may_read_ahead_;
  bool done_ = false;
  // Of what is fetched next; the thread's, once there is one.
  std::size_t range_ = 0;
  std::int64_t number_ = 0;
  std::shared_ptr<BlockSource> source_{};
  Times times_{};

  std::array<Slot, 2> slots_{};
  std::size_t current_ = 1;  // the slot whose block was given out last
  std::mutex mutex_;         // of the slots' states
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace xylem::detail
