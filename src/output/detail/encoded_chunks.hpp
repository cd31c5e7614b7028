#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "xylem/comm/communicator.hpp"
#include "xylem/model/chunk_grid.hpp"
#include "xylem/storage/chunk_encoder.hpp"
#include "xylem/storage/shared_file.hpp"

#include "chunk_pieces.hpp"

namespace xylem::detail {

/// A variable that is stored in compressed chunks.
struct EncodedVariable {
  std::optional<ChunkGrid> grid{};  ///< none: stored otherwise, and never written here
  int element_size = 1;
};

/// Compresses chunks as their elements come, in any order, on any rank and thread, and puts them in the file in the order of
/// their numbers, whoever made them. How large a chunk gets is known only when it is compressed, so
/// - a whole chunk is compressed by the thread that brings it, and waits in a nameless file of its rank, beside the output;
/// - chunks that come in pieces wait uncompressed in one hidden file of all ranks, beside the output, until finish() deals them
/// out. Memory holds a few chunks a thread.
class EncodedChunks {
 public:
  /// `path` is the output; `level` as ChunkEncoder's. Creates no file yet.
  EncodedChunks(const Communicator& comm, std::string path, std::vector<EncodedVariable> variables, int level);
  ~EncodedChunks();
  EncodedChunks(const EncodedChunks&) = delete;
  EncodedChunks& operator=(const EncodedChunks&) = delete;

  /// Takes the elements of a box of one variable, as they are stored. Any rank, any thread.
  void write(std::size_t variable, const Box& box, std::span<const std::byte> values);

  /// Gives the chunk of a variable that has this number room for `size` bytes in the file, and returns its place.
  using Place = std::function<std::int64_t(std::size_t variable, const Box& chunk, std::int64_t size)>;
  /// Compresses what came in pieces, on `threads` threads of each rank, and has rank 0 place all chunks, in order. Throws
  /// InternalError where a chunk is missing.
  /// Collective: yes.
  void place_all(int threads, const Place& place);
  /// Copies this rank's chunks to their places.
  void copy_to(SharedFile& file);

 private:
  struct Stored {
    std::int64_t chunk = 0;  ///< counted over all variables
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };
  struct Workspace {
    explicit Workspace(int level) : encoder(level) {}
    std::vector<std::byte> chunk;
    ChunkEncoder encoder;
  };

  [[nodiscard]] std::unique_ptr<Workspace> take_workspace();
  void encode(Workspace& workspace, std::int64_t chunk, std::span<const std::byte> elements, int element_size);
  void write_piece(Workspace& workspace, std::size_t variable, const ChunkPiece& piece, const Box& box,
                   std::span<const std::byte> values);
  void encode_pieces(int threads);
  [[nodiscard]] std::size_t variable_of(std::int64_t chunk) const;
  [[nodiscard]] std::int64_t chunk_bytes(std::size_t variable) const;
  SharedFile& spool();
  SharedFile& pieces();

  const Communicator& comm_;
  std::string path_;
  std::vector<EncodedVariable> variables_;
  std::vector<std::int64_t> first_chunks_;  ///< of each variable, and the number of all
  std::vector<std::int64_t> first_bytes_;   ///< of each variable in the file of pieces
  int level_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
  std::unique_ptr<SharedFile> spool_;
  std::int64_t spooled_ = 0;
  std::unique_ptr<SharedFile> pieces_;
  std::set<std::int64_t> in_pieces_;
  std::vector<Stored> stored_;
  std::vector<std::int64_t> places_;  ///< of `stored_`
};

}  // namespace xylem::detail
