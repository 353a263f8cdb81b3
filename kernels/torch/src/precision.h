// The physical type of a slot. JavaScript sees "float32"; under mixed precision the tensor may be bfloat16 or float16.
// Layers keep the low precision, losses and reductions are computed in float32.
#pragma once

#include "slots.h"

namespace detlab {

/** The device on which tensors are created; set once at start. */
at::Device& device();

at::ScalarType scalarType(int64_t code);  // 0 float32, 1 int32, 2 bool
at::TensorOptions options(at::ScalarType type);

bool isLow(const Tensor& tensor);

/** The tensor, cast to float32 if it is in low precision. */
Tensor full(const Tensor& tensor);

/** The low-precision type while mixed precision is enabled. */
std::optional<at::ScalarType> autocastType();

/** The type to which the operands and the result of a convolution or matrix product are rounded. */
at::ScalarType computeType(const Tensor& a, const Tensor& b);

/**
 * The type in which such a product is computed: float32 for bfloat16 on processors without instructions for it. Products
 * of bfloat16 numbers are exact in float32, in which they are summed anyway.
 */
at::ScalarType productType(at::ScalarType type);

/** A tensor rounded to `type`, as an operand of a product. */
Tensor operand(const Tensor& tensor, at::ScalarType type);

/**
 * Operands of an elementwise operation: a small float32 operand (bias, scale) of a low-precision feature map is cast
 * down so that the map stays in low precision; other mixed operands are cast to float32.
 */
std::pair<Tensor, Tensor> matched(const Tensor& a, const Tensor& b);

}  // namespace detlab
