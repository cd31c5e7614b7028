#include "xylem/exec/execute.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include "xylem/comm/shared_counter.hpp"
#include "xylem/support/contract.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/memory.hpp"
#include "xylem/support/timer.hpp"

#include "detail/worker.hpp"

namespace xylem {
namespace {

static_assert(std::is_trivially_copyable_v<RankTimes>, "travels as its bytes");

using detail::TilePart;
using detail::Worker;

// Runs one pass on this rank: a worker a thread, each like a rank of its own until what they found is merged.
class PassRun {
 public:
  PassRun(const Communicator& comm, const Plan& plan, const Pass& pass, detail::Intermediates& intermediates,
          const ResultSink& sink)
      : comm_(comm), plan_(plan), pass_(pass), intermediates_(intermediates), outlet_(plan, pass, intermediates, sink) {}

  void run(RankTimes& times) {
    std::optional<SharedCounter> counter;
    const bool alone = plan_.options.topology.ranks * plan_.options.threads == 1;
    if (plan_.options.schedule == Schedule::dynamic_dealing && !alone) counter.emplace(comm_);
    std::vector<TilePart> parts = comm_.agree([&] { return run_workers(counter ? &*counter : nullptr, times); });
    counter.reset();          // together, while all ranks are well: it is collective
    give_back_free_memory();  // of accumulators, most of which are parts now
    const Timer timer;
    double written = 0;
    detail::merge(
        comm_, pass_, std::move(parts),
        [&](std::size_t group, std::int64_t tile, const Accumulators& state) { outlet_.finish(group, tile, state, written); },
        [&](std::size_t group, std::int64_t tile) { return detail::make_state(plan_, pass_, group, tile); });
    intermediates_.spread(comm_);
    give_back_free_memory();
    times.merge += timer.seconds() - written;
    times.write += written;
  }

 private:
  std::vector<TilePart> run_workers(SharedCounter* counter, RankTimes& times) {
    const auto threads = static_cast<std::size_t>(plan_.options.threads);
    std::vector<Worker> workers;
    workers.reserve(threads);
    for (std::size_t w = 0; w < threads; ++w) workers.emplace_back(plan_, pass_, intermediates_, outlet_);
    std::vector<std::exception_ptr> failures(threads);
    const auto work = [&](std::size_t w) {
      try {
        run_worker(workers[w], static_cast<std::int64_t>(w), counter);
      } catch (...) {
        failures[w] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t w = 1; w < threads; ++w) others.emplace_back(work, w);
      work(0);
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    std::vector<TilePart> parts;
    for (Worker& worker : workers) {
      std::ranges::move(worker.finish(), std::back_inserter(parts));
      times.read += worker.times().read;
      times.decode += worker.times().decode;
      times.wait += worker.times().wait;
      times.evaluate += worker.times().evaluate;
      times.write += worker.times().write;
      times.blocks += worker.times().blocks;
    }
    return parts;
  }

  // Static shares are those of as many ranks as there are workers in all.
  void run_worker(Worker& worker, std::int64_t w, SharedCounter* counter) {
    const std::int64_t workers = std::int64_t{plan_.options.topology.ranks} * plan_.options.threads;
    const std::int64_t own = std::int64_t{comm_.rank()} * plan_.options.threads + w;
    Progress progress("reading", pass_.weight() / workers,
                      Progress::for_stderr(comm_.rank() == 0 && w == 0, static_cast<double>(workers)));
    if (plan_.options.io == IoStrategy::collective) return worker.run_together(comm_, progress);
    if (counter == nullptr) return worker.run(pass_.share(own, own + 1, workers), progress);
    const std::int64_t units = std::max<std::int64_t>(1, std::min(pass_.num_blocks(), units_per_worker * workers));
    const auto next = [&] {
      const std::scoped_lock hold(counter_mutex_);
      return counter->next();
    };
    for (std::int64_t unit = next(); unit < units; unit = next()) worker.run(pass_.share(unit, unit + 1, units), progress);
  }

  const Communicator& comm_;
  const Plan& plan_;
  const Pass& pass_;
  detail::Intermediates& intermediates_;
  detail::Outlet outlet_;
  std::mutex counter_mutex_;
};

}  // namespace

std::vector<RankTimes> execute(const Communicator& comm, const Plan& plan, const ResultSink& sink) {
  XYLEM_EXPECT(plan.options.topology.ranks == comm.size(), "a plan for this communicator");
  if (plan.options.threads > 1 && plan.options.schedule == Schedule::dynamic_dealing) {
    comm.agree([] {
      int level = MPI_THREAD_SINGLE;
      MPI_Query_thread(&level);
      if (level < MPI_THREAD_SERIALIZED) {
        throw UsageError(
            "dynamic dealing to several threads needs an MPI that threads may call: use static dealing, or one thread");
      }
    });
  }
  RankTimes times;
  const Timer timer;
  detail::Intermediates intermediates(plan);
  for (const Pass& pass : plan.passes) PassRun(comm, plan, pass, intermediates, sink).run(times);
  times.total = timer.seconds();
  std::vector<RankTimes> all;
  std::string bytes(sizeof(RankTimes), '\0');
  std::memcpy(bytes.data(), &times, sizeof(RankTimes));
  for (const std::string& theirs : comm.all_gather(bytes)) std::memcpy(&all.emplace_back(), theirs.data(), sizeof(RankTimes));
  return all;
}

}  // namespace xylem
