// 3x3 convolutions of stride 1 by Winograd's minimal filtering F(4x4, 3x3): Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016. 16 outputs take 36 multiplications instead of 144.
#pragma once

#include "activation.h"
#include "slots.h"

namespace detlab {

/**
 * Whether Winograd's algorithm is faster: float32 or bfloat16 on the CPU, 3x3, no stride, dilation or groups, and enough tiles.
 * Decided by a model of both algorithms' cost that reads shapes only, so that every run of a configuration has the same
 * arithmetic; so the gradient of the input. `x` is the input in each, `filter` the filter's size [O, I, height, width].
 */
bool winogradFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                  at::IntArrayRef dilations, int64_t groups);

/** The same for the filter's gradient, which makes no points of the filter. */
bool winogradGradientFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                          at::IntArrayRef dilations, int64_t groups);

/** act(conv(x, filter * scale) + bias + residual) with a filter OIHW; NCHW views of channels_last memory. */
Tensor winogradForward(const Tensor& x, const Tensor& filter, const Tensor& scale, at::IntArrayRef padding, const Tensor& bias,
                       const Tensor& residual, Activation activation);

/** The same of a filter packed by `packedTaps` in the type of x, to `channels`. */
Tensor winogradPackedForward(const Tensor& x, const Tensor& taps, int64_t channels, at::IntArrayRef padding, const Tensor& bias,
                             const Tensor& residual, Activation activation);

/** Gradient of the input, of size [height, width]. */
Tensor winogradInputGradient(const Tensor& dy, const Tensor& filter, at::IntArrayRef size, at::IntArrayRef padding);

/** Gradient of the filter, OIHW in float32. */
Tensor winogradFilterGradient(const Tensor& dy, const Tensor& x, at::IntArrayRef padding);

}  // namespace detlab
