// The filter gradient of a strided convolution as matrix products over rows of pixels. On channels_last memory without
// AVX512, oneDNN's takes up to ten times as long as the forward pass, and that of 1x1 filters has a race between threads.
#pragma once

#include "slots.h"

namespace detlab {

/** float32 on the CPU, a stride, one group, at least 16 channels. */
bool rowsFilterGradientFits(const Tensor& x, at::IntArrayRef strides, int64_t groups);

/** The gradient, OIHW in channels_last memory; `kernel` is the filter's [height, width]. */
Tensor rowsFilterGradient(const Tensor& dy, const Tensor& x, at::IntArrayRef kernel, at::IntArrayRef strides,
                          at::IntArrayRef padding, at::IntArrayRef dilations);

}  // namespace detlab
