#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xylem/model/metadata.hpp"

namespace xylem {

/// How elements are read (docs/reading.md).
enum class IoStrategy : std::uint8_t {
  automatic,   ///< `direct` where it can be, else `hyperslab`
  direct,      ///< our own reads and decoding; HDF5 only says where chunks are
  hyperslab,   ///< HDF5 reads and decodes, each rank for itself
  collective,  ///< as direct, but each byte is read by one rank in large pieces, and sent to those who want it
};

/// "automatic", "direct", "hyperslab", "collective".
[[nodiscard]] std::string_view io_strategy_name(IoStrategy strategy) noexcept;

/// The strategy of that name. Throws UsageError, which lists them, for any other ("auto" is automatic as well).
[[nodiscard]] IoStrategy parse_io_strategy(std::string_view name);

/// The strategy by which a dataset is read, and why in a few words.
struct IoChoice {
  IoStrategy strategy = IoStrategy::hyperslab;
  std::string why;
};

/// What `automatic` takes; opens no file.
[[nodiscard]] IoChoice choose_io(const DatasetInfo& info);

/// HDF5's numbers of the filters that we decode (https://github.com/HDFGroup/hdf5_plugins, docs/RegisteredFilterPlugins.md).
namespace filters {
inline constexpr std::int32_t deflate = 1, shuffle = 2, fletcher32 = 3, lzf = 32000, blosc = 32001, lz4 = 32004,
                              bitshuffle = 32008, zstd = 32015;
}

/// What a dataset's bitshuffle filter is told.
struct BitshuffleOptions {
  /// What compresses the shuffled bits.
  enum class Codec : std::uint8_t { none, lz4, zstd };
  std::int64_t element_size = 0;    ///< bytes
  std::int64_t block_elements = 0;  ///< that are shuffled, and compressed, together; a multiple of 8
  Codec codec = Codec::none;
};

/// Throws InternalError unless decodes_filter().
[[nodiscard]] BitshuffleOptions bitshuffle_options(const FilterInfo& filter);

/// Whether a filter, with its parameters, is one that we decode.
[[nodiscard]] bool decodes_filter(const FilterInfo& filter) noexcept;

/// Of a filter that we decode: whether it changes the size of what it is given, in a way that only its output tells.
[[nodiscard]] bool compresses(const FilterInfo& filter);

/// Bytes of a chunk's elements, or as many as there may be where a damaged file claims more; 0 where the dataset is not chunked.
[[nodiscard]] std::int64_t chunk_bytes(const DatasetInfo& info) noexcept;

/// Stored bytes that a chunk may have at most. A filter seldom makes a chunk larger, and never by much: more is a damaged index,
/// not a reason to ask for memory.
[[nodiscard]] std::int64_t max_stored_bytes(const DatasetInfo& info) noexcept;

/// Stored bytes of the larger ones of a dataset's chunks, as their mean suggests: chunks of one variable compress alike.
[[nodiscard]] std::int64_t usual_stored_bytes(const DatasetInfo& info, const StorageSummary& storage) noexcept;

/// Stored bytes that DatasetReader::read fetches at once, reading directly, unless a chunk is larger.
inline constexpr std::int64_t read_batch_bytes = std::int64_t{1} << 20;
/// Chunks that it looks up at once.
inline constexpr std::size_t read_batch_chunks = 1024;
/// Bytes of its buffer for what cannot go straight to its place.
inline constexpr std::size_t staging_bytes = std::size_t{256} << 10;

/// Bytes of memory that a RawBlock (storage) takes to fetch a box of at most `count` elements along each dim: 0 where nothing
/// has to be decoded. `aligned`: the box is a union of whole chunks, and so are the parts of it that are fetched.
[[nodiscard]] std::int64_t raw_block_bytes(const DatasetInfo& info, const Shape& count, bool aligned = true);

/// Bytes of memory that DatasetReader::fetch and decode take beside the elements and RawBlocks, for boxes of at most `count`
/// elements along each dim.
[[nodiscard]] std::int64_t decoding_bytes(const DatasetInfo& info, const Shape& count);

/// Chunks that DatasetReader asks HDF5 for at once, which takes notes of each.
inline constexpr std::int64_t hdf5_read_chunks = 256;

/// Bytes of memory that HDF5 takes for that beside the elements, for boxes of at most `count` elements along each dim.
[[nodiscard]] std::int64_t hdf5_read_bytes(const DatasetInfo& info, const Shape& count);

/// Bytes of memory that DatasetReader::read takes beside the elements.
[[nodiscard]] std::int64_t read_bytes(const DatasetInfo& info, const Shape& count);

/// raw_block_bytes() for usual chunks (usual_stored_bytes), most of which are decoded straight into their places.
[[nodiscard]] std::int64_t usual_raw_block_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count);
/// decoding_bytes() for usual chunks.
[[nodiscard]] std::int64_t usual_decoding_bytes(const DatasetInfo& info, const Shape& count);
/// read_bytes() for usual chunks.
[[nodiscard]] std::int64_t usual_read_bytes(const DatasetInfo& info, const StorageSummary& storage, const Shape& count);

/// Stored bytes that a rank asks for in one round of a collective read.
inline constexpr std::int64_t collective_round_bytes = std::int64_t{16} << 20;

/// Bytes of memory that CollectiveReader::read takes beside the elements, where ranks want different parts of the file.
[[nodiscard]] std::int64_t collective_bytes(const DatasetInfo& info, const Shape& count);

}  // namespace xylem
