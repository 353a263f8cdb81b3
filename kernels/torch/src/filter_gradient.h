// The gradient of a strided convolution's filter as matrix products over rows of pixels. oneDNN's takes up to ten times the
// time of the forward pass on channels_last memory without AVX512, and that of 1x1 filters races between threads.
#pragma once

#include "slots.h"

namespace detlab {

/** Float32 on the CPU, a stride, one group, 16 channels at least. */
bool rowsFilterGradientFits(const Tensor& x, at::IntArrayRef strides, int64_t groups);

/** The gradient, OIHW in channels_last memory; `kernel` is the filter's [height, width]. */
Tensor rowsFilterGradient(const Tensor& dy, const Tensor& x, at::IntArrayRef kernel, at::IntArrayRef strides,
                          at::IntArrayRef padding, at::IntArrayRef dilations);

}  // namespace detlab
