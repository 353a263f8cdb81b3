// Which numbers a slot physically holds. JavaScript sees "float32"; under mixed precision the tensor may be bfloat16 or
// float16. Layers keep the low precision, losses and reductions rise to float32.
#pragma once

#include "slots.h"

namespace detlab {

/** Where tensors are made; set once at start. */
at::Device& device();

at::ScalarType scalarType(int64_t code);  // 0 float32, 1 int32, 2 bool
at::TensorOptions options(at::ScalarType type);

bool isLow(const Tensor& tensor);

/** The tensor, as float32 when it is in low precision. */
Tensor full(const Tensor& tensor);

/** The low-precision type while autocast is on. */
std::optional<at::ScalarType> autocastType();

/** The type a convolution or matrix product of these operands computes in. */
at::ScalarType computeType(const Tensor& a, const Tensor& b);

/**
 * Operands of an elementwise operation: a small float32 operand (bias, scale) of a low-precision feature map is cast
 * down so that the map stays in low precision; otherwise mixed operands rise to float32.
 */
std::pair<Tensor, Tensor> matched(const Tensor& a, const Tensor& b);

}  // namespace detlab
