// TensorFlow.js's NHWC and HWIO viewed as libtorch's NCHW and OIHW, without copies: an NHWC tensor is channels_last
// memory, libtorch's fast layout.
#pragma once

#include "slots.h"

namespace detlab {

inline Tensor nchw(const Tensor& x) { return x.permute({0, 3, 1, 2}); }
inline Tensor nhwc(const Tensor& x) { return x.permute({0, 2, 3, 1}); }
inline Tensor oihw(const Tensor& filter) { return filter.permute({3, 2, 0, 1}); }
inline Tensor hwio(const Tensor& filter) { return filter.permute({2, 3, 1, 0}); }

inline Tensor channelsLast(const Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

/** The distance between pixels of an NCHW view whose pixels are equally far apart and have dense channels, or 0. */
inline int64_t pixelStep(const Tensor& x) {
  int64_t step = x.size(3) > 1 ? x.stride(3) : x.size(2) > 1 ? x.stride(2) : x.size(1);
  bool dense = x.size(1) == 1 || x.stride(1) == 1;
  bool rows = x.size(2) == 1 || x.stride(2) == x.size(3) * step;
  bool images = x.size(0) == 1 || x.stride(0) == x.size(2) * x.size(3) * step;
  return dense && rows && images && step >= x.size(1) ? step : 0;
}

/**
 * A filter (OIHW) that libtorch can differentiate by. With one output channel in channels_last memory, libtorch's convolution
 * of small maps fails in its backward pass: "slow_conv2d: grad_weight must be contiguous" (2.13).
 */
inline Tensor differentiableFilter(const Tensor& filter) { return filter.size(0) == 1 ? filter.contiguous() : filter; }

/** The gradient of `f` at `x` for the output gradient `dy`, by libtorch's autograd. */
Tensor pullBack(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& dy);

}  // namespace detlab
