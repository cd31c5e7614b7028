#pragma once

#include <cstdint>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// Bytes of a chunk's elements, or as many as there may be where a damaged file claims more; 0 where the dataset is not chunked.
[[nodiscard]] std::int64_t chunk_bytes(const DatasetInfo& info) noexcept;

/// Stored bytes that a chunk may have at most. A filter seldom makes a chunk larger, and never by much: more is a damaged index,
/// not a reason to ask for memory.
[[nodiscard]] std::int64_t max_stored_bytes(const DatasetInfo& info) noexcept;

/// Stored bytes of the larger ones of a dataset's chunks, as its mean suggests: chunks of one variable compress alike.
[[nodiscard]] std::int64_t usual_stored_bytes(const DatasetInfo& info, const StorageSummary& storage) noexcept;

/// Bytes of memory that a RawBlock (storage) takes to fetch a box of at most `count` elements along each dim: 0 where nothing
/// has to be decoded. `aligned`: the box is a union of whole chunks.
[[nodiscard]] std::int64_t raw_block_bytes(const DatasetInfo& info, const Shape& count, bool aligned = true) noexcept;

/// Bytes of memory that DatasetReader::fetch and decode take beside the elements and RawBlocks: steps between filters, a chunk on
/// its way to its place.
[[nodiscard]] std::int64_t decoding_bytes(const DatasetInfo& info) noexcept;

/// The same where chunks are decoded straight into their places in blocks of at most `count` elements along each dim, if they
/// can.
[[nodiscard]] std::int64_t decoding_bytes(const DatasetInfo& info, const Shape& count) noexcept;

/// Stored bytes that DatasetReader::read fetches at once, unless a chunk is larger.
inline constexpr std::int64_t read_batch_bytes = std::int64_t{1} << 20;

/// Bytes of memory that DatasetReader::read takes beside the elements.
[[nodiscard]] std::int64_t read_bytes(const DatasetInfo& info) noexcept;
/// The same of usual chunks, in blocks of at most `count` elements along each dim.
[[nodiscard]] std::int64_t usual_read_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count) noexcept;

}  // namespace xylem
