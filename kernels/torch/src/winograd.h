// 3x3 convolutions of stride 1 by Winograd's minimal filtering F(4x4, 3x3): Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016. 16 outputs take 36 multiplications instead of 144.
#pragma once

#include "activation.h"
#include "slots.h"

namespace detlab {

/** `cachedFilter`: forward with a filter whose points are cached between calls. */
enum class WinogradPass { cachedFilter, forward, inputGradient, filterGradient };

/**
 * Whether Winograd's algorithm is faster: float32 on the CPU, 3x3, no stride, dilation or groups, and enough tiles to
 * amortise the filter transform. Depends on shapes only, so that a resumed run has the arithmetic of an uninterrupted one.
 * `x` is the input in every pass, `filter` the filter's size [O, I, height, width].
 */
bool winogradFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                  at::IntArrayRef dilations, int64_t groups, WinogradPass pass);

/**
 * OIHW [O, I, 3, 3], multiplied by `scale` [O] if there is one, -> [36, O, I]; `flipped` rotates each filter by 180 degrees, as
 * the input gradient requires.
 */
Tensor winogradFilter(const Tensor& filter, bool flipped, const Tensor& scale = Tensor());

/** act(conv(x) + bias + residual) from a transformed filter; NCHW views of channels_last memory. */
Tensor winogradForward(const Tensor& x, const Tensor& transformed, at::IntArrayRef padding, const Tensor& bias,
                       const Tensor& residual, Activation activation);

/** Gradient of the input, of size [height, width]; `transformed` is flipped. */
Tensor winogradInputGradient(const Tensor& dy, const Tensor& transformed, at::IntArrayRef size, at::IntArrayRef padding);

/** Gradient of the filter, OIHW. */
Tensor winogradFilterGradient(const Tensor& dy, const Tensor& x, at::IntArrayRef padding);

}  // namespace detlab
