#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xylem/model/metadata.hpp"

struct libdeflate_decompressor;
struct ZSTD_DCtx_s;

namespace xylem {

/// The decompressors behind HDF5's filters of these numbers: 1 deflate, 32000 lzf, 32001 blosc, 32004 lz4, 32008 bitshuffle (with
/// lz4, with zstd, or alone), 32015 zstd. Formats as the registered plugins write them
/// (https://github.com/HDFGroup/hdf5_plugins). Not to be shared between threads.
class Codecs {
 public:
  Codecs();
  ~Codecs();
  Codecs(Codecs&&) noexcept;

  /// Undoes what `filter` did to one chunk: `out` has exactly the size of what the filter was given, which is checked against
  /// what the stream says before it is touched. Returns an empty string, or what is wrong with the stream.
  [[nodiscard]] std::string decode(const FilterInfo& filter, std::span<const std::byte> in, std::span<std::byte> out);

 private:
  std::string deflate(std::span<const std::byte> in, std::span<std::byte> out);
  std::string zstd(std::span<const std::byte> in, std::span<std::byte> out);
  std::string bitshuffle(const FilterInfo& filter, std::span<const std::byte> in, std::span<std::byte> out);

  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };

  // Made when they are first needed.
  std::unique_ptr<libdeflate_decompressor, Free> deflate_;
  std::unique_ptr<ZSTD_DCtx_s, Free> zstd_;
  std::vector<std::byte> block_, scratch_;
};

}  // namespace xylem
