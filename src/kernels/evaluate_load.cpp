#include "detail/evaluate_load.hpp"

#include <cstring>
#include <utility>

#include "detail/native.hpp"

namespace xylem::detail {
namespace {

// Elements of `size` bytes to contiguous ones.
template <std::size_t size>
void gather(const InputView& view, int rows, int cols, std::byte* out) {
  for (int r = 0; r < rows; ++r, out += static_cast<std::size_t>(cols) * size) {
    const std::byte* row = view.data + r * view.row_stride;
    if (view.col_stride == static_cast<std::int64_t>(size)) {
      std::memcpy(out, row, static_cast<std::size_t>(cols) * size);
    } else {
      for (int c = 0; c < cols; ++c) std::memcpy(out + static_cast<std::size_t>(c) * size, row + c * view.col_stride, size);
    }
  }
}

void gather(const InputView& view, int rows, int cols, int size, std::byte* out) {
  switch (size) {
    case 1: return gather<1>(view, rows, cols, out);
    case 2: return gather<2>(view, rows, cols, out);
    case 4: return gather<4>(view, rows, cols, out);
    default: return gather<8>(view, rows, cols, out);
  }
}

bool is_aligned(const std::byte* data, int size) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(size) == 0;
}

}  // namespace

TileLoader::TileLoader(const ProgramInput& input)
    : plan_(input.stored, input.decoding), type_(decoded_type(input.stored, input.decoding)) {
  const bool integers = plan_.kernel == TilePlan::Kernel::integers;
  const bool masked = integers ? !plan_.integers.empty() : !plan_.reals.empty();
  const bool in_native_form = plan_.source != Source::boolean && plan_.source != Source::float16 && !plan_.swap;
  as_stored_ = in_native_form && !masked && !plan_.scaled;
}

const void* TileLoader::load(const InputView& view, int rows, int cols, std::byte* scratch, std::byte* out) const {
  InputView from = view;
  if (cols == 1) {  // a column is a row as well
    std::swap(rows, cols);
    from.col_stride = from.row_stride;
  }
  const bool contiguous = from.col_stride == plan_.size && (rows == 1 || from.row_stride == cols * from.col_stride);
  if (as_stored_) {
    if (contiguous && is_aligned(from.data, plan_.size)) return from.data;
    gather(from, rows, cols, plan_.size, out);
    return out;
  }
  const std::byte* raw = from.data;
  if (!contiguous) {
    gather(from, rows, cols, plan_.size, scratch);
    raw = scratch;
  }
  const int n = rows * cols;
  if (!is_floating(type_)) {
    decode_integers(plan_, raw, n, out);
  } else if (type_ == ElementType::float64) {
    decode_doubles(plan_, raw, n, reinterpret_cast<double*>(out));
  } else {
    decode_floats(plan_, raw, n, reinterpret_cast<float*>(out));
  }
  return out;
}

}  // namespace xylem::detail
