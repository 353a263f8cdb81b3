#pragma once

#include "slots.h"

namespace detlab {

/** The tensors, of one type, joined along an axis. */
Tensor concatenated(const std::vector<Tensor>& tensors, int64_t axis);

}  // namespace detlab
