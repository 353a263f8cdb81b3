// Direct convolutions as products of rows: the pixels under a row of a filter follow each other in memory, so that each output
// is a sum over the filter's rows. For filters with a stride, which Winograd's algorithm does not compute.
#pragma once

#include "activation.h"
#include "slots.h"

namespace detlab {

/**
 * Whether the product of this file is used: no groups or dilation, larger than 1x1, float32 or bfloat16 on the CPU, and outputs
 * enough for whole tiles. `x` is an NCHW view.
 */
bool directFits(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding, at::IntArrayRef dilations,
                int64_t groups);

/** The filter OIHW in float32, times `scale` [O] if there is one, packed for products in `type`. */
Tensor directFilter(const Tensor& filter, const Tensor& scale, at::ScalarType type);

/**
 * act(conv(x) + bias + residual) with a packed filter of `size` [O, I, height, width], or, if it is undefined, with the filter and
 * its scale, whose panels each thread packs for itself; an NCHW view of channels_last memory.
 */
Tensor directForward(const Tensor& x, const Tensor& packed, const Tensor& filter, const Tensor& scale, at::IntArrayRef size,
                     at::IntArrayRef strides, at::IntArrayRef padding, const Tensor& bias, const Tensor& residual,
                     Activation activation);

/** Whether that takes little more time, so that no second copy of the filter need be kept: float32, and outputs enough. */
bool directPanelsFit(const Tensor& x, at::IntArrayRef filter, at::IntArrayRef strides);

}  // namespace detlab
