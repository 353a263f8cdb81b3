// Products of large float32 matrices on the CPU by `product`; libtorch's BLAS takes more than twice as long on AMD's processors.
#pragma once

#include "slots.h"

namespace detlab {

/** Whether `matrixProduct` takes [M, K] x [K, N]: float32 on the CPU, and large enough to be worth packing. */
bool matrixProductFits(const Tensor& a, const Tensor& b);

/** a [M, K] times b [K, N], differentiable any number of times; the same bits for any number of threads. */
Tensor matrixProduct(const Tensor& a, const Tensor& b);

}  // namespace detlab
