#include "xylem/model/local_array.hpp"

#include <cstdlib>
#include <utility>

#include "xylem/support/bytes.hpp"
#include "xylem/support/error.hpp"

namespace xylem {
namespace {

constexpr std::size_t alignment = 64;

}  // namespace

LocalArray::LocalArray(ElementType dtype, Shape shape, Box place)
    : dtype_(dtype), shape_(std::move(shape)), place_(std::move(place)) {
  bytes_ = static_cast<std::size_t>(place_.size()) * static_cast<std::size_t>(element_size(dtype_));
  const std::size_t rounded = (bytes_ + alignment) / alignment * alignment;
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)), [](std::byte* memory) { std::free(memory); });
  if (!memory_) {
    throw ResourceError("there is no memory for {} of elements: resolve them as chunked",
                        format_bytes(static_cast<std::int64_t>(bytes_)));
  }
}

void LocalArray::check_size(std::size_t size) const {
  if (size != static_cast<std::size_t>(element_size(dtype_))) {
    throw UsageError("the elements are of type {}, of {} bytes each, and are asked for as ones of {}", type_name(dtype_),
                     element_size(dtype_), size);
  }
}

}  // namespace xylem
