#include "xylem/model/program.hpp"

namespace xylem {

ElementType decoded_type(const DType& stored, const CfDecoding& decoding) {
  const ElementType packed = *element_type(packed_dtype(stored, decoding));
  if (decoding.scaled) return ElementType::float64;
  const bool may_be_missing =
      !decoding.missing.empty() || decoding.valid_min || decoding.valid_max || decoding.unpacked_min || decoding.unpacked_max;
  if (!may_be_missing || is_floating(packed)) return packed;
  return element_size(packed) <= 2 ? ElementType::float32 : ElementType::float64;
}

std::int64_t evaluation_memory(const Program& program) {
  constexpr std::int64_t register_bytes = std::int64_t{max_tile_elements} * 8;
  return static_cast<std::int64_t>(program.values.size() + 2 * program.inputs.size() + 3) * register_bytes;
}

}  // namespace xylem
