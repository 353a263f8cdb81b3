// The activation that a convolution or norm applies to its result in the same pass.
#pragma once

#include "torch.h"

namespace detlab {

enum class Activation { none, relu, silu };

inline Activation activationNamed(const std::string& name) {
  if (name == "linear") return Activation::none;
  if (name == "relu") return Activation::relu;
  if (name == "silu") return Activation::silu;
  throw std::runtime_error("activation = \"" + name + "\": expected linear, relu or silu");
}

/**
 * e^v to 2 units in the last place, in operations that compilers vectorise: 2^n e^r with |r| <= ln(2) / 2, the polynomial of
 * Cephes' expf.
 */
inline float exponential(float v) {
  v = std::min(std::max(v, -87.3f), 87.3f);
  constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  float n = (v * 1.44269504f + shift) - shift;
  float r = (v - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  int32_t power = (static_cast<int32_t>(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &power, sizeof scale);
  return (p * r * r + r + 1.0f) * scale;
}

inline float sigmoid(float v) { return 1.0f / (1.0f + exponential(-v)); }

/** d(v * sigmoid(v)) / dv */
inline float siluSlope(float v) {
  float s = sigmoid(v);
  return s * (1.0f + v * (1.0f - s));
}

}  // namespace detlab
