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
  // One for each value, one for each that an operation takes as another type, and one to gather elements in.
  std::size_t registers = program.values.size() + 1;
  for (const ProgramValue& value : program.values) {
    const auto* apply = std::get_if<ApplyValue>(&value.kind);
    if (apply == nullptr) continue;
    for (std::size_t i = 0; i < apply->inputs.size(); ++i) {
      const ElementType type = program.values[static_cast<std::size_t>(apply->inputs[i])].type;
      const bool truth = !apply->custom && operation_info(apply->operation).types == TypeRule::truth;
      if (type != apply->types.inputs[i] || truth) ++registers;
    }
  }
  constexpr std::int64_t register_bytes = std::int64_t{max_tile_elements} * 8 + 64;
  return static_cast<std::int64_t>(registers) * register_bytes;
}

}  // namespace xylem
