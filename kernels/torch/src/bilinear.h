// Bilinear sampling of a zero-padded feature map, with derivatives with respect to the position, as deformable operations
// use it (Dai et al., 2017; Zhu et al., 2021).
#pragma once

#include "lanes.h"

namespace detlab {

/** The four pixels around a position, their weights, and the weights' derivatives by y and x; 0 outside the map. */
struct BilinearTap {
  int64_t pixel[4];
  float weight[4], byY[4], byX[4];
  bool inside;
};

inline BilinearTap bilinearTap(float y, float x, int64_t height, int64_t width) {
  BilinearTap tap{};
  tap.inside = y > -1.0f && x > -1.0f && y < float(height) && x < float(width);  // false for a NaN
  if (!tap.inside) return tap;
  float top = std::floor(y), left = std::floor(x), fy = y - top, fx = x - left;
  auto row = static_cast<int64_t>(top), column = static_cast<int64_t>(left);
  for (int corner = 0; corner < 4; corner++) {
    int64_t down = corner >> 1, right = corner & 1, v = row + down, u = column + right;
    if (v < 0 || v >= height || u < 0 || u >= width) continue;
    float wy = down ? fy : 1.0f - fy, wx = right ? fx : 1.0f - fx;
    tap.pixel[corner] = v * width + u;
    tap.weight[corner] = wy * wx;
    tap.byY[corner] = down ? wx : -wx;
    tap.byX[corner] = right ? wy : -wy;
  }
  return tap;
}

/** out[i] = factor * sample of channel i; `source` is the map's first channel to read, `stride` the distance of pixels. */
template <typename T, typename U>
inline void sampleChannels(U* out, const T* source, const BilinearTap& tap, int64_t stride, int64_t channels, float factor,
                           bool add) {
  const T *a = source + tap.pixel[0] * stride, *b = source + tap.pixel[1] * stride, *c = source + tap.pixel[2] * stride,
          *d = source + tap.pixel[3] * stride;
  float wa = tap.weight[0] * factor, wb = tap.weight[1] * factor, wc = tap.weight[2] * factor, wd = tap.weight[3] * factor;
  if (add)
    for (int64_t i = 0; i < channels; i++)
      out[i] += wa * load(a[i]) + wb * load(b[i]) + wc * load(c[i]) + wd * load(d[i]);
  else
    for (int64_t i = 0; i < channels; i++)
      store(out[i], wa * load(a[i]) + wb * load(b[i]) + wc * load(c[i]) + wd * load(d[i]));
}

/** Sums of gradient * pixel over the channels, for each of the four pixels. */
template <typename T, typename G>
inline void cornerProducts(float (&sums)[4], const G* gradient, const T* source, const BilinearTap& tap, int64_t stride,
                           int64_t channels) {
  const T *a = source + tap.pixel[0] * stride, *b = source + tap.pixel[1] * stride, *c = source + tap.pixel[2] * stride,
          *d = source + tap.pixel[3] * stride;
  float sa = 0, sb = 0, sc = 0, sd = 0;
#pragma omp simd reduction(+ : sa, sb, sc, sd)
  for (int64_t i = 0; i < channels; i++) {
    float g = load(gradient[i]);
    sa += g * load(a[i]);
    sb += g * load(b[i]);
    sc += g * load(c[i]);
    sd += g * load(d[i]);
  }
  sums[0] = sa, sums[1] = sb, sums[2] = sc, sums[3] = sd;
}

/** Adds factor * weight * gradient to each of the four pixels. */
template <typename G>
inline void scatterChannels(float* target, const G* gradient, const BilinearTap& tap, int64_t stride, int64_t channels,
                            float factor) {
  for (int corner = 0; corner < 4; corner++) {
    float weight = tap.weight[corner] * factor;
    if (weight == 0.0f) continue;
    float* out = target + tap.pixel[corner] * stride;
    for (int64_t i = 0; i < channels; i++) out[i] += weight * load(gradient[i]);
  }
}

/** Sum of sums[corner] * factors[corner]. */
inline float dot4(const float (&sums)[4], const float (&factors)[4]) {
  return sums[0] * factors[0] + sums[1] * factors[1] + sums[2] * factors[2] + sums[3] * factors[3];
}

/** Pixel positions [..., 2] (y, x) as the normalised (x, y) that grid_sampler takes with align_corners off. */
inline Tensor samplerGrid(const Tensor& positions, int64_t height, int64_t width) {
  Tensor size = at::tensor(std::vector<float>{float(width), float(height)}).to(positions.device());
  return (at::flip(positions, {-1}) * 2 + 1) / size - 1;
}

}  // namespace detlab
