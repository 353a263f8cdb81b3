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

/** The gradient of `f` at `x` for the output gradient `dy`, by libtorch's autograd. */
Tensor pullBack(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& dy);

}  // namespace detlab
