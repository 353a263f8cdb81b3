// Maximum pooling without gradients, on vectors of channels; libtorch's also finds where each maximum is.
#pragma once

#include "slots.h"

namespace detlab {

/** The maxima of windows of `size` in NCHW views of float32 or bfloat16 on the CPU; [outHeight, outWidth] are the result's. */
Tensor maxPooled(const Tensor& x, at::IntArrayRef size, at::IntArrayRef strides, at::IntArrayRef padding, int64_t outHeight,
                 int64_t outWidth);

}  // namespace detlab
