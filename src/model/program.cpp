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

}  // namespace xylem
