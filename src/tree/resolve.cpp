#include "xylem/tree/resolve.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "xylem/model/chunk_grid.hpp"
#include "xylem/model/half.hpp"
#include "xylem/model/runs.hpp"
#include "xylem/storage/reader.hpp"
#include "xylem/support/bytes.hpp"
#include "xylem/support/memory.hpp"

namespace xylem {
namespace {

constexpr std::int64_t slab_bytes = std::int64_t{32} << 20;  // of stored elements that are converted at a time

// Calls f with a value of the C++ type of the elements; float16 is told apart by `type`.
template <class F>
auto with_type(ElementType type, F&& f) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8: return f(std::uint8_t{});
    case ElementType::int8: return f(std::int8_t{});
    case ElementType::int16: return f(std::int16_t{});
    case ElementType::int32: return f(std::int32_t{});
    case ElementType::int64: return f(std::int64_t{});
    case ElementType::float16:
    case ElementType::uint16: return f(std::uint16_t{});
    case ElementType::uint32: return f(std::uint32_t{});
    case ElementType::uint64: return f(std::uint64_t{});
    case ElementType::float32: return f(float{});
    case ElementType::float64: break;
  }
  return f(double{});
}

Number load(const std::byte* element, ElementType type) {
  return with_type(type, [&]<class T>(T value) -> Number {
    std::memcpy(&value, element, sizeof value);
    if constexpr (std::is_floating_point_v<T>) return double{value};
    if (type == ElementType::float16) return double{widen_half(static_cast<std::uint16_t>(value))};
    if constexpr (std::is_signed_v<T>) return static_cast<std::int64_t>(value);
    return static_cast<std::uint64_t>(value);
  });
}

void store(const Number& number, ElementType type, std::byte* element) {
  with_type(type, [&]<class T>(T value) {
    value = std::visit([](const auto n) { return static_cast<T>(n); }, number);
    if (type == ElementType::float16) value = static_cast<T>(half_bits(static_cast<float>(std::get<double>(number))));
    std::memcpy(element, &value, sizeof value);
  });
}

void swap_bytes(std::span<std::byte> bytes, std::size_t size) {
  for (std::size_t i = 0; i < bytes.size(); i += size) std::reverse(bytes.data() + i, bytes.data() + i + size);
}

// The elements of `array`'s place, read and converted.
void read(FilePool& files, const Container& container, LocalArray& array) {
  const std::shared_ptr<const DatasetInfo>& info = container.proxy().shared_info();
  const Box& place = array.place();
  if (place.size() == 0) return;
  DatasetReader reader(files, info);
  const ElementType stored = *element_type(info->dtype);
  const auto size = static_cast<std::size_t>(info->dtype.size);
  const auto read_native = [&](const Box& box, std::span<std::byte> out) {
    reader.read(box, out);
    if (info->dtype.big_endian) swap_bytes(out, size);
  };
  if (array.dtype() == stored) return read_native(place, array.bytes());
  // Slabs of whole chunks, so that the stored elements are never all in memory beside the converted ones.
  const bool scalar = place.count.empty();
  const std::int64_t rows = scalar ? 1 : place.count[0];
  const std::int64_t row_bytes = place.size() / rows * info->dtype.size;
  const std::int64_t unit = scalar || info->chunk.empty() ? 1 : info->chunk[0];
  const std::int64_t step = std::max<std::int64_t>(1, slab_bytes / row_bytes / unit) * unit;
  std::vector<std::byte> buffer;
  std::byte* out = array.bytes().data();
  for (std::int64_t first = 0; first < rows; first += step) {
    Box slab = place;
    if (!scalar) {
      slab.start[0] += first;
      slab.count[0] = std::min(step, rows - first);
    }
    buffer.resize(static_cast<std::size_t>(slab.size()) * size);
    read_native(slab, buffer);
    for (std::size_t i = 0; i < buffer.size(); i += size, out += element_size(array.dtype())) {
      try {
        store(convert(load(&buffer[i], stored), array.dtype()), array.dtype(), out);
      } catch (const DataError& error) {
        throw DataError("{} cannot be resolved as {}: {}", info->ref.describe(), type_name(array.dtype()), error.what());
      }
    }
  }
}

bool as_data(const Container& container, const ResolveOptions& options) {
  return options.dtype || options.as.value_or(container.proxy().resolve_as()) == ResolveAs::data;
}

void check(const std::vector<Container*>& containers, const ResolveOptions& options) {
  if (options.dtype && options.as == ResolveAs::chunked) {
    throw UsageError("a container is resolved either as chunked or with a type: a lazy array is converted with astype");
  }
  for (const Container* container : containers) {
    const DatasetInfo& info = container->info();
    if (info.dtype.is_numeric() && !info.null) continue;
    throw UsageError("{} cannot be resolved: it is {}, and there are booleans, integers and floats (16, 32 or 64 bits)",
                     info.ref.describe(), info.null ? "null" : "of type " + info.dtype.name());
  }
}

Box whole(const Shape& shape) { return {Shape(shape.size(), 0), shape}; }

// From parts on the ranks to all of it on every rank.
// Collective: yes.
LocalArray replicate(const Communicator& comm, const Shape& chunk, LocalArray part) {
  LocalArray all = comm.agree([&] { return LocalArray(part.dtype(), part.shape(), whole(part.shape())); });
  const std::int64_t size = element_size(part.dtype());
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Box place = partition(part.shape(), chunk, rank, comm.size());
    if (place.size() == 0) continue;
    std::string bytes;
    if (rank == comm.rank()) bytes.assign(reinterpret_cast<const char*>(part.bytes().data()), part.bytes().size());
    bytes = comm.broadcast(std::move(bytes), rank);
    const char* from = bytes.data();
    for_each_run(part.shape(), place, [&](std::int64_t first, std::int64_t count) {
      std::memcpy(all.bytes().data() + first * size, from, static_cast<std::size_t>(count * size));
      from += count * size;
    });
  }
  return all;
}

}  // namespace

Box partition(const Shape& shape, const Shape& chunk, int rank, int ranks) {
  Box box = whole(shape);
  if (shape.empty()) return box;
  const Shape tile = chunk.empty() ? Shape(shape.size(), 1) : chunk;
  const auto tiles = [&](std::size_t d) { return shape[d] / tile[d] + (shape[d] % tile[d] != 0 ? 1 : 0); };
  std::size_t dim = 0;
  for (std::size_t d = 0; d < shape.size() && tiles(dim) < ranks; ++d) {
    if (tiles(d) > tiles(dim)) dim = d;
  }
  const std::int64_t all = tiles(dim), each = all / ranks, more = all % ranks;
  const std::int64_t first = rank * each + std::min<std::int64_t>(rank, more);
  const std::int64_t count = each + (rank < more ? 1 : 0);
  const auto element = [&](std::int64_t number) { return number == all ? shape[dim] : number * tile[dim]; };
  box.start[dim] = element(first);
  box.count[dim] = element(first + count) - box.start[dim];
  return box;
}

void resolve(const Communicator& comm, const std::vector<Container*>& containers, const ResolveOptions& options) {
  std::vector<Container*> to_read, to_chunk;
  for (Container* container : containers) {
    if (container->is_proxy()) (as_data(*container, options) ? to_read : to_chunk).push_back(container);
  }
  const bool replicated = options.placement == Placement::replicated;
  const std::int64_t limit = comm.node_memory_per_rank();
  std::vector<LocalArray> arrays;
  comm.agree([&] {
    check(containers, options);
    std::int64_t needed = resident_bytes();
    for (const Container* container : to_read) {
      const DatasetInfo& info = container->info();
      const ElementType type = options.dtype.value_or(*element_type(info.dtype));
      const Box part = partition(info.shape, info.chunk, comm.rank(), comm.size());
      const auto size = num_elements(replicated ? info.shape : part.count);
      const auto bytes = size ? checked_product(*size, element_size(type)) : std::nullopt;
      if (!bytes || *bytes > limit || (needed += *bytes) > limit) {
        throw ResourceError(
            "{} cannot be resolved as data: {} would be held by rank {}, and {} is its share of the node's memory; resolve as "
            "chunked, "
            "or run on more nodes",
            info.ref.describe(), bytes ? format_bytes(std::max(needed, *bytes)) : "more than 8 EiB", comm.rank(),
            format_bytes(limit));
      }
    }
  });
  comm.agree([&] {
    FilePool files;
    for (const Container* container : to_read) {
      const DatasetInfo& info = container->info();
      arrays.emplace_back(options.dtype.value_or(*element_type(info.dtype)), info.shape,
                          partition(info.shape, info.chunk, comm.rank(), comm.size()));
      read(files, *container, arrays.back());
    }
  });
  for (std::size_t i = 0; replicated && comm.size() > 1 && i < arrays.size(); ++i) {
    if (!arrays[i].shape().empty()) arrays[i] = replicate(comm, to_read[i]->info().chunk, std::move(arrays[i]));
  }
  for (std::size_t i = 0; i < to_read.size(); ++i) to_read[i]->take_resolved(std::move(arrays[i]), options.retain);
  for (Container* container : to_chunk) container->take_resolved(std::nullopt, options.retain);
}

void resolve(const Communicator& comm, Container& container, const ResolveOptions& options) {
  resolve(comm, std::vector<Container*>{&container}, options);
}

}  // namespace xylem
