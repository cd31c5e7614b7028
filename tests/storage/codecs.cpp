// Chunks written with the compression libraries themselves, in the formats of HDF5's registered filters, and read back.
#include <blosc.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <random>

#include "xylem/storage/reader.hpp"
#include "xylem/storage/scan.hpp"
#include "xylem/support/error.hpp"

#include "files.hpp"

using namespace xylem;

namespace {

using Bytes = std::vector<std::byte>;

std::mt19937_64 engine(7);
std::size_t number(std::size_t low, std::size_t high) { return std::uniform_int_distribution<std::size_t>(low, high)(engine); }
bool chance(double p) { return std::bernoulli_distribution(p)(engine); }

void append(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void append_number(Bytes& out, std::uint64_t value, int size) {
  for (int b = size; b-- > 0;) out.push_back(static_cast<std::byte>(value >> 8 * b));
}

Bytes deflate(const Bytes& in) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(3);
  Bytes out(libdeflate_zlib_compress_bound(compressor, in.size()));
  out.resize(libdeflate_zlib_compress(compressor, in.data(), in.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

Bytes zstd(const Bytes& in) {
  Bytes out(ZSTD_compressBound(in.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), in.data(), in.size(), 1));
  return out;
}

Bytes lz4_block(const Bytes& in) {
  Bytes out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(in.size()))));
  out.resize(
      static_cast<std::size_t>(LZ4_compress_default(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                                                    static_cast<int>(in.size()), static_cast<int>(out.size()))));
  return out;
}

Bytes lz4(const Bytes& in) {
  const std::size_t block = number(64, in.size() + 64);
  Bytes out;
  append_number(out, in.size(), 8);
  append_number(out, std::min(block, in.size()), 4);
  for (std::size_t at = 0; at < in.size(); at += block) {
    const Bytes plain(in.begin() + static_cast<std::ptrdiff_t>(at),
                      in.begin() + static_cast<std::ptrdiff_t>(std::min(in.size(), at + block)));
    Bytes packed = lz4_block(plain);
    if (packed.size() >= plain.size()) packed = plain;
    append_number(out, packed.size(), 4);
    append(out, packed);
  }
  return out;
}

Bytes blosc(const Bytes& in, std::size_t element) {
  static const std::vector<const char*> compressors{"blosclz", "lz4", "lz4hc", "zlib", "zstd"};
  Bytes out(in.size() + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(static_cast<int>(number(0, 9)), static_cast<int>(number(0, 2)), element, in.size(),
                                      in.data(), out.data(), out.size(), compressors[number(0, 4)], 0, 1);
  EXPECT_GT(size, 0);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// Greedy, with the last place of each three bytes.
Bytes lzf(const Bytes& in) {
  Bytes out, literals;
  std::map<std::array<std::byte, 3>, std::size_t> places;
  const auto flush = [&] {
    for (std::size_t at = 0; at < literals.size(); at += 32) {
      const std::size_t count = std::min<std::size_t>(32, literals.size() - at);
      out.push_back(static_cast<std::byte>(count - 1));
      out.insert(out.end(), literals.begin() + static_cast<std::ptrdiff_t>(at),
                 literals.begin() + static_cast<std::ptrdiff_t>(at + count));
    }
    literals.clear();
  };
  std::size_t at = 0;
  while (at < in.size()) {
    std::size_t length = 0, distance = 0;
    if (at + 3 <= in.size()) {
      std::size_t& place = places.try_emplace({in[at], in[at + 1], in[at + 2]}, at).first->second;
      distance = at - place;
      if (distance > 0 && distance <= 8192) {
        while (at + length < in.size() && length < 264 && in[at + length] == in[place + length]) ++length;
      }
      place = at;
    }
    if (length < 3) {
      literals.push_back(in[at++]);
      continue;
    }
    flush();
    const std::size_t coded = length - 2;
    out.push_back(static_cast<std::byte>(std::min<std::size_t>(7, coded) << 5 | (distance - 1) >> 8));
    if (coded >= 7) out.push_back(static_cast<std::byte>(coded - 7));
    out.push_back(static_cast<std::byte>((distance - 1) & 0xff));
    at += length;
  }
  flush();
  return out;
}

Bytes shuffle(const Bytes& in, std::size_t size) {
  Bytes out = in;
  const std::size_t count = in.size() / size;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < size; ++b) out[b * count + i] = in[i * size + b];
  }
  return out;
}

// Bit by bit: bit k of byte j of element i goes to bit i % 8 of byte (8 j + k) * count / 8 + i / 8.
Bytes shuffle_bits(const Bytes& in, std::size_t size) {
  Bytes out(in.size());
  const std::size_t count = in.size() / size;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      const std::byte value = in[i * size + bit / 8] >> bit % 8 & std::byte{1};
      out[bit * (count / 8) + i / 8] |= value << i % 8;
    }
  }
  return out;
}

Bytes bitshuffle(const Bytes& in, std::size_t size, std::size_t block, unsigned codec) {
  Bytes out;
  if (codec != 0) append_number(out, in.size(), 8);
  if (codec != 0) append_number(out, block * size, 4);
  std::size_t at = 0;
  while (in.size() - at >= 8 * size) {
    std::size_t bytes = std::min(block * size, in.size() - at);
    bytes -= bytes % (8 * size);
    const Bytes shuffled = shuffle_bits(
        Bytes(in.begin() + static_cast<std::ptrdiff_t>(at), in.begin() + static_cast<std::ptrdiff_t>(at + bytes)), size);
    const Bytes packed = codec == 0 ? shuffled : codec == 2 ? lz4_block(shuffled) : zstd(shuffled);
    if (codec != 0) append_number(out, packed.size(), 4);
    append(out, packed);
    at += bytes;
  }
  out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(at), in.end());
  return out;
}

// HDF5 makes datasets only with filters that it knows; it is not to run them.
void register_filters() {
  for (const H5Z_filter_t id : {filters::lzf, filters::blosc, filters::lz4, filters::bitshuffle, filters::zstd}) {
    H5Z_class2_t filter{};
    filter.version = H5Z_CLASS_T_VERS;
    filter.id = id;
    filter.encoder_present = filter.decoder_present = 1;
    filter.name = "of the test";
    filter.filter = [](unsigned, std::size_t, const unsigned*, std::size_t, std::size_t*, void**) -> std::size_t { return 0; };
    H5Zregister(&filter);
  }
}

// A dataset of one dim whose chunks went through a random pipeline, some without some of its filters, and what it holds.
struct Example {
  std::size_t element = 1;
  std::size_t chunk = 1;  // elements
  std::vector<std::pair<H5Z_filter_t, std::vector<unsigned>>> pipeline{};
  Bytes values{};

  [[nodiscard]] Bytes encode(const Bytes& plain, unsigned mask) const {
    Bytes bytes = plain;
    for (std::size_t i = 0; i < pipeline.size(); ++i) {
      if ((mask >> i & 1U) != 0) continue;
      const auto& [id, parameters] = pipeline[i];
      switch (id) {
        case filters::shuffle: bytes = shuffle(bytes, element); break;
        case filters::deflate: bytes = deflate(bytes); break;
        case filters::zstd: bytes = zstd(bytes); break;
        case filters::lz4: bytes = lz4(bytes); break;
        case filters::lzf: bytes = lzf(bytes); break;
        case filters::blosc: bytes = blosc(bytes, element); break;
        case filters::bitshuffle: {
          const std::size_t block = parameters[3] != 0 ? parameters[3] : std::max<std::size_t>(128, 8192 / element / 8 * 8);
          bytes = bitshuffle(bytes, element, block, parameters[4]);
          break;
        }
        default: ADD_FAILURE() << id;
      }
    }
    return bytes;
  }
};

Example random_example() {
  Example example;
  example.element = std::size_t{1} << number(0, 3);
  example.chunk = number(1, chance(0.3) ? 20'000 : 700);
  const std::size_t chunks = number(1, 4);
  if (chance(0.4)) example.pipeline.push_back({filters::shuffle, {static_cast<unsigned>(example.element)}});
  const std::vector<H5Z_filter_t> codecs{filters::deflate, filters::zstd,       filters::lz4,       filters::lzf,
                                         filters::blosc,   filters::bitshuffle, filters::bitshuffle};
  const H5Z_filter_t codec = codecs[number(0, codecs.size() - 1)];
  std::vector<unsigned> parameters(8);
  if (codec == filters::bitshuffle) {
    const unsigned block = chance(0.5) ? 0 : static_cast<unsigned>(8 * number(1, 100));
    parameters = {0, 4, static_cast<unsigned>(example.element), block, chance(0.3) ? 0U : chance(0.5) ? 2U : 3U};
  }
  example.pipeline.push_back({codec, parameters});
  if (codec == filters::bitshuffle && chance(0.3)) std::swap(example.pipeline.front(), example.pipeline.back());
  example.values.resize(chunks * example.chunk * example.element);
  const bool noise = chance(0.2);
  for (std::byte& value : example.values) value = static_cast<std::byte>(noise ? number(0, 255) : number(0, 40) / 37 * 9);
  return example;
}

hid_t stored_type(std::size_t element) {
  switch (element) {
    case 1: return H5T_STD_I8LE;
    case 2: return H5T_STD_U16BE;
    case 4: return H5T_IEEE_F32LE;
    default: return H5T_STD_I64BE;
  }
}

// Where the stored bytes of the chunks are in the file.
std::vector<std::pair<haddr_t, hsize_t>> write(const std::string& path, const Example& example) {
  const auto file = test::create_file(path);
  const h5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE));
  const hsize_t chunk = example.chunk, shape = example.values.size() / example.element;
  H5Pset_chunk(properties.get(), 1, &chunk);
  for (const auto& [id, parameters] : example.pipeline)
    EXPECT_GE(H5Pset_filter(properties.get(), id, 0, parameters.size(), parameters.data()), 0);
  const h5::Dataspace space(H5Screate_simple(1, &shape, nullptr));
  const h5::Dataset dataset(
      H5Dcreate2(file.get(), "x", stored_type(example.element), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT));
  EXPECT_TRUE(dataset);
  const std::size_t bytes = example.chunk * example.element;
  for (hsize_t start = 0; start < shape; start += chunk) {
    const auto at = example.values.begin() + static_cast<std::ptrdiff_t>(start * example.element);
    const unsigned mask = chance(0.2) ? static_cast<unsigned>(number(0, 3)) : 0;
    const Bytes stored = example.encode(Bytes(at, at + static_cast<std::ptrdiff_t>(bytes)), mask);
    EXPECT_GE(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, mask, &start, stored.size(), stored.data()), 0);
  }
  H5Fflush(file.get(), H5F_SCOPE_LOCAL);
  std::vector<std::pair<haddr_t, hsize_t>> places;
  for (hsize_t i = 0; i < shape / chunk; ++i) {
    hsize_t offset = 0, size = 0;
    unsigned mask = 0;
    haddr_t address = 0;
    EXPECT_GE(H5Dget_chunk_info(dataset.get(), space.get(), i, &offset, &mask, &address, &size), 0);
    places.emplace_back(address, size);
  }
  return places;
}

Bytes read(const std::string& path, std::size_t bytes) {
  FilePool files;
  const auto info = scan_file(path).objects.at(1).dataset;
  Bytes out(bytes);
  DatasetReader(files, info, IoStrategy::direct).read({{0}, info->shape}, out);
  return out;
}

std::string describe(const Example& example) {
  std::string text = fmt::format("chunks of {} elements of {} bytes:", example.chunk, example.element);
  for (const auto& [id, parameters] : example.pipeline) text += fmt::format(" {} ({})", id, fmt::join(parameters, ","));
  return text;
}

}  // namespace

TEST(Codecs, WhatTheLibrariesWroteIsReadBack) {
  register_filters();
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  for (int i = 0; i < 300; ++i) {
    const Example example = random_example();
    write(path, example);
    ASSERT_EQ(read(path, example.values.size()), example.values) << describe(example);
  }
}

TEST(Codecs, DamagedStreamsAreErrorsOrOtherValues) {
  register_filters();
  const test::TemporaryFolder folder;
  const std::string path = folder.file("file.h5");
  int errors = 0;
  for (int i = 0; i < 60; ++i) {
    const Example example = random_example();
    const auto places = write(path, example);
    const std::string original = test::read_bytes(path);
    for (int flip = 0; flip < 20; ++flip) {
      std::string bytes = original;
      const auto& [address, size] = places[number(0, places.size() - 1)];
      for (std::size_t n = number(1, 3); n > 0; --n) {
        char& byte = bytes[address + number(0, (chance(0.5) ? std::min<hsize_t>(size, 20) : size) - 1)];
        byte = static_cast<char>(chance(0.3) ? number(0, 255) : static_cast<unsigned char>(byte) ^ 1U << number(0, 7));
      }
      test::write_bytes(path, bytes);
      try {
        (void)read(path, example.values.size());
      } catch (const DataError& error) {
        ++errors;
        EXPECT_NE(std::string(error.what()).find("chunk ("), std::string::npos) << error.what();
      }
    }
  }
  EXPECT_GT(errors, 300);
}

TEST(Codecs, WhatIsCompressedTwiceOrByAnUnknownFilterIsLeftToHdf5) {
  DatasetInfo info;
  info.layout = Layout::chunked;
  info.shape = {8};
  info.chunk = {4};
  info.dtype = {TypeClass::integer, 4};
  info.filters = {{filters::deflate, "deflate", 0, {1}}, {filters::lzf, "lzf", 0, {}}};
  EXPECT_EQ(choose_io(info).strategy, IoStrategy::hyperslab);
  EXPECT_EQ(choose_io(info).why, "it is compressed twice");
  info.filters = {{H5Z_FILTER_NBIT, "nbit", 0, {}}};
  EXPECT_EQ(choose_io(info).why, "HDF5 decodes the filter 'nbit'");
  info.filters = {{filters::shuffle, "shuffle", 0, {4}}, {filters::zstd, "zstd", 0, {}}, {filters::fletcher32, "", 0, {}}};
  EXPECT_EQ(choose_io(info).strategy, IoStrategy::direct);
}
