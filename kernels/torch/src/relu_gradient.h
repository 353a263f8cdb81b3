// The gradient of a ReLU.
#pragma once

#include "slots.h"

namespace detlab {

/** dy where y > 0, else 0; `inPlace` overwrites dy. */
Tensor reluGradient(const Tensor& dy, const Tensor& y, bool inPlace);

}  // namespace detlab
