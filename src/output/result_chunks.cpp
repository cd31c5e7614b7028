#include <algorithm>

#include "xylem/output/result_writer.hpp"
#include "xylem/storage/chunk_encoder.hpp"
#include "xylem/support/error.hpp"
#include "xylem/support/text.hpp"

#include "detail/result_file.hpp"

namespace xylem {
namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib;
constexpr std::int64_t least_stored = 16 * kib, most_stored = 4 * mib, most_rows = mib;
constexpr std::int64_t most_chunk = (std::int64_t{1} << 32) - 1;  // HDF5 counts a chunk's bytes in 32 bits

bool is_contiguous(const ResultVariable& variable, const ResultStorage& storage) {
  return !storage.chunked || variable.shape.empty() || num_elements(variable.shape) == 0;
}

Shape clipped(Shape chunk, const Shape& shape) {
  for (std::size_t d = 0; d < shape.size(); ++d) chunk[d] = std::min(chunk[d], shape[d]);
  return chunk;
}

// Bytes of a chunk, or more than there can be.
std::int64_t bytes_of(const Shape& chunk, const ResultVariable& variable) {
  const auto elements = num_elements(chunk);
  return elements && *elements <= most_chunk ? *elements * detail::stored_size(variable.dtype) : most_chunk + 1;
}

bool is_asked(const ResultVariable& variable, const ResultStorage& storage) {
  return !storage.chunk.empty() && storage.chunk.size() == variable.shape.size();
}

Shape rows(const ResultVariable& variable) {
  Shape chunk(variable.shape.size(), 1);
  std::int64_t left = most_rows / detail::stored_size(variable.dtype);
  for (std::size_t d = chunk.size(); d-- > 0 && left > 1;) {
    chunk[d] = std::min(variable.shape[d], left);
    left /= chunk[d];
  }
  return chunk;
}

}  // namespace

Shape result_chunk(const ResultVariable& variable, const ResultStorage& storage, std::size_t index) {
  for (const std::int64_t extent : storage.chunk) {
    if (extent < 1) throw UsageError("chunks of {} have an extent below 1; give positive ones", format_shape(storage.chunk));
  }
  if (is_contiguous(variable, storage)) return {};
  if (is_asked(variable, storage)) {
    Shape chunk = clipped(storage.chunk, variable.shape);
    if (bytes_of(chunk, variable) > most_chunk) {
      throw UsageError("chunks of {} of the result '{}' take 4 GiB or more, which HDF5 cannot store; choose smaller ones",
                       format_shape(chunk), printable(variable.name));
    }
    return chunk;
  }
  const Shape stored = index < storage.stored.size() ? storage.stored[index] : Shape();
  if (stored.size() == variable.shape.size()) {
    Shape chunk = clipped(stored, variable.shape);
    const std::int64_t bytes = bytes_of(chunk, variable);
    if (chunk == variable.shape ? bytes <= most_stored : bytes >= least_stored && bytes <= most_stored) return chunk;
  }
  return rows(variable);
}

std::int64_t result_writer_memory(const std::vector<ResultVariable>& variables, const ResultStorage& storage) {
  constexpr std::int64_t of_chunk = 64;  // places, sizes and numbers on their way, on rank 0
  std::int64_t largest = 0, chunks = 0;
  for (std::size_t v = 0; v < variables.size(); ++v) {
    const ResultVariable& variable = variables[v];
    if (is_contiguous(variable, storage)) continue;
    const std::int64_t all = num_elements(variable.shape).value_or(0) * detail::stored_size(variable.dtype);
    if (is_asked(variable, storage) || !storage.stored.empty()) {
      const Shape chunk = result_chunk(variable, storage, v);
      largest = std::max(largest, bytes_of(chunk, variable));
      chunks += ChunkGrid(variable.shape, chunk).size();
    } else {
      largest = std::max(largest, std::min(all, most_stored));
      chunks += all / least_stored + 1;
    }
  }
  const std::int64_t buffers = storage.deflate > 0 ? storage.threads * (largest + ChunkEncoder::memory(largest)) : 0;
  return largest == 0 ? 0 : buffers + chunks * of_chunk;
}

}  // namespace xylem
