#include "detail/encoded_chunks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <thread>
#include <utility>

#include "xylem/comm/archive.hpp"
#include "xylem/support/contract.hpp"

namespace xylem::detail {
namespace {

std::string hidden_beside(const std::string& path, const std::string& kind) {
  const std::filesystem::path full(path);
  return (full.parent_path() / fmt::format(".{}.{}.part", full.filename().string(), kind)).string();
}

}  // namespace

EncodedChunks::EncodedChunks(const Communicator& comm, std::string path, std::vector<EncodedVariable> variables, int level)
    : comm_(comm), path_(std::move(path)), variables_(std::move(variables)), level_(level) {
  std::int64_t chunks = 0, bytes = 0;
  for (std::size_t v = 0; v < variables_.size(); ++v) {
    first_chunks_.push_back(chunks);
    first_bytes_.push_back(bytes);
    if (!variables_[v].grid) continue;
    chunks += variables_[v].grid->size();
    bytes += variables_[v].grid->size() * chunk_bytes(v);
  }
  first_chunks_.push_back(chunks);
  // What a killed run may have left.
  if (comm_.rank() == 0) unlink(hidden_beside(path_, "pieces").c_str());
}

EncodedChunks::~EncodedChunks() {
  if (pieces_) unlink(hidden_beside(path_, "pieces").c_str());
}

std::int64_t EncodedChunks::chunk_bytes(std::size_t variable) const {
  return *num_elements(variables_[variable].grid->tile()) * variables_[variable].element_size;
}

std::size_t EncodedChunks::variable_of(std::int64_t chunk) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(first_chunks_, chunk) - first_chunks_.begin()) - 1;
}

std::unique_ptr<EncodedChunks::Workspace> EncodedChunks::take_workspace() {
  const std::scoped_lock hold(mutex_);
  if (idle_.empty()) return std::make_unique<Workspace>(level_);
  std::unique_ptr<Workspace> workspace = std::move(idle_.back());
  idle_.pop_back();
  return workspace;
}

SharedFile& EncodedChunks::spool() {
  const std::scoped_lock hold(mutex_);
  if (!spool_) {
    spool_ =
        std::make_unique<SharedFile>(hidden_beside(path_, fmt::format("{}", comm_.rank())), path_, SharedFile::Open::nameless);
  }
  return *spool_;
}

SharedFile& EncodedChunks::pieces() {
  const std::scoped_lock hold(mutex_);
  if (!pieces_) pieces_ = std::make_unique<SharedFile>(hidden_beside(path_, "pieces"), path_, SharedFile::Open::scratch);
  return *pieces_;
}

void EncodedChunks::write(std::size_t variable, const Box& box, std::span<const std::byte> values) {
  const ChunkGrid& grid = *variables_[variable].grid;
  const int size = variables_[variable].element_size;
  std::unique_ptr<Workspace> workspace = take_workspace();
  for_each_piece(grid, box, [&](const ChunkPiece& piece) {
    if (!piece.whole) return write_piece(*workspace, variable, piece, box, values);
    // Where a chunk overhangs the array it holds zeros.
    workspace->chunk.assign(static_cast<std::size_t>(chunk_bytes(variable)), std::byte{0});
    copy_box(values.data(), box.count, {piece.in_box, piece.in_chunk.count}, workspace->chunk.data(), grid.tile(),
             piece.in_chunk.start, size);
    encode(*workspace, first_chunks_[variable] + piece.chunk, workspace->chunk, size);
  });
  const std::scoped_lock hold(mutex_);
  idle_.push_back(std::move(workspace));
}

void EncodedChunks::encode(Workspace& workspace, std::int64_t chunk, std::span<const std::byte> elements, int element_size) {
  const std::span<const std::byte> bytes = workspace.encoder.encode(elements, element_size);
  const auto size = static_cast<std::int64_t>(bytes.size());
  std::int64_t offset = 0;
  {
    const std::scoped_lock hold(mutex_);
    offset = std::exchange(spooled_, spooled_ + size);
    stored_.push_back({chunk, offset, size});
  }
  spool().write(bytes, offset);
}

void EncodedChunks::write_piece(Workspace& workspace, std::size_t variable, const ChunkPiece& piece, const Box& box,
                                std::span<const std::byte> values) {
  const int size = variables_[variable].element_size;
  const Shape& count = piece.in_chunk.count;
  workspace.chunk.resize(static_cast<std::size_t>(piece.in_chunk.size() * size));
  copy_box(values.data(), box.count, {piece.in_box, count}, workspace.chunk.data(), count, Shape(count.size(), 0), size);
  std::span<const std::byte> left = workspace.chunk;
  SharedFile& file = pieces();
  const std::int64_t place = first_bytes_[variable] + piece.chunk * chunk_bytes(variable);
  for_each_run(variables_[variable].grid->tile(), piece.in_chunk, [&](std::int64_t first, std::int64_t elements) {
    const auto bytes = static_cast<std::size_t>(elements * size);
    file.write(left.first(bytes), place + first * size);
    left = left.subspan(bytes);
  });
  const std::scoped_lock hold(mutex_);
  in_pieces_.insert(first_chunks_[variable] + piece.chunk);
}

void EncodedChunks::encode_pieces(int threads) {
  comm_.agree([&] {
    if (pieces_) pieces_->close(false);
  });
  std::set<std::int64_t> all;
  for (const std::string& theirs : comm_.all_gather(to_bytes(std::vector<std::int64_t>(in_pieces_.begin(), in_pieces_.end()))))
    all.merge([&] {
      const auto numbers = from_bytes<std::vector<std::int64_t>>(theirs);
      return std::set<std::int64_t>(numbers.begin(), numbers.end());
    }());
  if (all.empty()) return;
  const std::vector<std::int64_t> chunks(all.begin(), all.end());
  comm_.agree([&] {
    pieces_.reset();
    const SharedFile& file = pieces();
    const std::size_t workers = static_cast<std::size_t>(comm_.size()) * static_cast<std::size_t>(threads);
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(threads));
    const auto work = [&](std::size_t thread) {
      try {
        std::unique_ptr<Workspace> workspace = take_workspace();
        for (std::size_t i = static_cast<std::size_t>(comm_.rank()) * static_cast<std::size_t>(threads) + thread;
             i < chunks.size(); i += workers) {
          const std::size_t variable = variable_of(chunks[i]);
          const std::int64_t bytes = chunk_bytes(variable);
          workspace->chunk.resize(static_cast<std::size_t>(bytes));
          file.read(workspace->chunk, first_bytes_[variable] + (chunks[i] - first_chunks_[variable]) * bytes);
          encode(*workspace, chunks[i], workspace->chunk, variables_[variable].element_size);
        }
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t t = 1; t < static_cast<std::size_t>(threads); ++t) others.emplace_back(work, t);
      work(0);
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  });
  comm_.agree([&] {
    pieces_.reset();
    if (comm_.rank() == 0) unlink(hidden_beside(path_, "pieces").c_str());
  });
}

void EncodedChunks::place_all(int threads, const Place& place) {
  encode_pieces(threads);
  idle_.clear();
  std::ranges::sort(stored_, {}, &Stored::chunk);
  std::vector<std::int64_t> mine;
  for (const Stored& chunk : stored_) mine.insert(mine.end(), {chunk.chunk, chunk.size});
  const auto ranks = static_cast<std::size_t>(comm_.size());
  std::vector<std::string> messages(ranks);
  messages[0] = to_bytes(mine);
  const std::vector<std::string> sizes = comm_.all_to_all(std::move(messages));
  std::vector<std::vector<std::int64_t>> places(ranks);
  comm_.agree([&] {
    if (comm_.rank() != 0) return;
    struct Entry {
      std::int64_t chunk, size;
      std::size_t rank;
    };
    std::vector<Entry> entries;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const auto theirs = from_bytes<std::vector<std::int64_t>>(sizes[rank]);
      for (std::size_t i = 0; i < theirs.size(); i += 2) entries.push_back({theirs[i], theirs[i + 1], rank});
    }
    std::ranges::sort(entries, {}, &Entry::chunk);
    XYLEM_EXPECT(static_cast<std::int64_t>(entries.size()) == first_chunks_.back(), "every chunk of a result is written once");
    for (std::int64_t number = 0; const Entry& entry : entries) {
      XYLEM_EXPECT(entry.chunk == number++, "every chunk of a result is written once");
      const std::size_t variable = variable_of(entry.chunk);
      const Box box = variables_[variable].grid->box(entry.chunk - first_chunks_[variable]);
      places[entry.rank].push_back(place(variable, box, entry.size));
    }
  });
  std::vector<std::string> answers;
  for (const auto& theirs : places) answers.push_back(to_bytes(theirs));
  places_ = from_bytes<std::vector<std::int64_t>>(comm_.all_to_all(std::move(answers))[0]);
}

void EncodedChunks::copy_to(SharedFile& file) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    bytes.resize(static_cast<std::size_t>(stored_[i].size));
    spool().read(bytes, stored_[i].offset);
    file.write(bytes, places_[i]);
  }
}

}  // namespace xylem::detail
