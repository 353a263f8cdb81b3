// Access to float32 or bfloat16 memory for loops that compute in float32. bfloat16 is the upper half of a float32, so the
// conversions are shifts, which the compiler vectorises.
#pragma once

#include "slots.h"

namespace detlab {

inline float load(float value) { return value; }
inline float load(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

inline void store(float& target, float value) { target = value; }
inline void store(uint16_t& target, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1);  // to nearest, ties to even
  target = value != value ? 0x7fc0 : static_cast<uint16_t>(rounded >> 16);
}

template <typename T>
T* pointer(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

/** Calls f with a null `float*` or `uint16_t*` (bfloat16), according to the tensor's type. */
template <typename F>
void withLane(const Tensor& tensor, F f) {
  if (tensor.scalar_type() == at::kFloat)
    f(static_cast<float*>(nullptr));
  else if (tensor.scalar_type() == at::kBFloat16)
    f(static_cast<uint16_t*>(nullptr));
  else
    throw std::runtime_error(std::string("expected float32 or bfloat16, received ") + c10::toString(tensor.scalar_type()));
}

/** True where the hand-written CPU loops apply. */
inline bool hasLanes(const Tensor& tensor) {
  return tensor.is_cpu() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

}  // namespace detlab
