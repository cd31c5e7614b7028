#include <algorithm>
#include <cstdint>
#include <cstring>

#include "detail/element_kernels.hpp"
#include "detail/load.hpp"

namespace xylem::detail {
namespace {

template <class Bits>
XYLEM_INLINE void gather(int rows, int cols, const InputView& view, std::byte* out) {
  for (int r = 0; r < rows; ++r) {
    const std::byte* from = view.data + r * view.row_stride;
    std::byte* to = out + static_cast<std::ptrdiff_t>(r) * cols * static_cast<std::ptrdiff_t>(sizeof(Bits));
    if (view.col_stride == static_cast<std::int64_t>(sizeof(Bits))) {
      std::memcpy(to, from, static_cast<std::size_t>(cols) * sizeof(Bits));
      continue;
    }
    Bits bits;
    for (int c = 0; c < cols; ++c) {
      std::memcpy(&bits, from + c * view.col_stride, sizeof(Bits));
      std::memcpy(to + static_cast<std::size_t>(c) * sizeof(Bits), &bits, sizeof(Bits));
    }
  }
}

XYLEM_MULTIVERSION void load_integers(const TilePlan& plan, const std::byte* raw, int n, void* out) {
  switch (plan.source) {
    case Source::boolean: return load_values<Source::boolean>(raw, n, plan.swap, static_cast<std::uint8_t*>(out));
    case Source::int8: return load_values<Source::int8>(raw, n, plan.swap, static_cast<std::int8_t*>(out));
    case Source::int16: return load_values<Source::int16>(raw, n, plan.swap, static_cast<std::int16_t*>(out));
    case Source::int32: return load_values<Source::int32>(raw, n, plan.swap, static_cast<std::int32_t*>(out));
    case Source::int64: return load_values<Source::int64>(raw, n, plan.swap, static_cast<std::int64_t*>(out));
    case Source::uint8: return load_values<Source::uint8>(raw, n, plan.swap, static_cast<std::uint8_t*>(out));
    case Source::uint16: return load_values<Source::uint16>(raw, n, plan.swap, static_cast<std::uint16_t*>(out));
    case Source::uint32: return load_values<Source::uint32>(raw, n, plan.swap, static_cast<std::uint32_t*>(out));
    case Source::uint64: return load_values<Source::uint64>(raw, n, plan.swap, static_cast<std::uint64_t*>(out));
    default: return;
  }
}

}  // namespace

Loader::Loader(const ProgramInput& input)
    : plan_(input.stored, input.decoding),
      type_(decoded_type(input.stored, input.decoding)),
      native_(!plan_.swap && !plan_.scaled && plan_.reals.empty() && type_ != ElementType::boolean &&
              type_ != ElementType::float16 && type_ == element_type(packed_dtype(input.stored, input.decoding))),
      gathered_(new std::byte[static_cast<std::size_t>(Evaluator::max_tile) * 8]) {
  if (type_ == ElementType::float32 && plan_.kernel != TilePlan::Kernel::floats) doubles_.reset(new double[Evaluator::max_tile]);
}

bool Loader::lies_ready(int rows, int cols, const InputView& view) const noexcept {
  const std::int64_t size = plan_.size;
  return native_ && view.col_stride == size && (rows == 1 || view.row_stride == cols * size) &&
         reinterpret_cast<std::uintptr_t>(view.data) % static_cast<std::uintptr_t>(size) == 0;
}

void Loader::load(int rows, int cols, const InputView& view, void* out) {
  const std::int64_t size = plan_.size;
  const int n = rows * cols;
  const auto width = static_cast<std::size_t>(register_size(type_));
  if (view.col_stride == 0 && view.row_stride == 0) {
    decode(view.data, 1, out);
    auto* first = static_cast<std::byte*>(out);
    for (std::size_t done = 1; done < static_cast<std::size_t>(n); done *= 2) {
      std::memcpy(first + done * width, first, std::min(done, static_cast<std::size_t>(n) - done) * width);
    }
    return;
  }
  if (view.col_stride == size && (rows == 1 || view.row_stride == cols * size)) return decode(view.data, n, out);
  switch (size) {
    case 1: gather<std::uint8_t>(rows, cols, view, gathered_.get()); break;
    case 2: gather<std::uint16_t>(rows, cols, view, gathered_.get()); break;
    case 4: gather<std::uint32_t>(rows, cols, view, gathered_.get()); break;
    default: gather<std::uint64_t>(rows, cols, view, gathered_.get());
  }
  decode(gathered_.get(), n, out);
}

void Loader::decode(const std::byte* raw, int n, void* out) {
  if (!is_floating(type_)) return load_integers(plan_, raw, n, out);
  if (plan_.kernel == TilePlan::Kernel::floats) return decode_floats(plan_, raw, n, static_cast<float*>(out));
  if (!doubles_) return decode_doubles(plan_, raw, n, static_cast<double*>(out));
  // Integers of at most 16 bits, which float32 holds.
  decode_doubles(plan_, raw, n, doubles_.get());
  for (int i = 0; i < n; ++i) static_cast<float*>(out)[i] = static_cast<float>(doubles_[static_cast<std::size_t>(i)]);
}

}  // namespace xylem::detail
