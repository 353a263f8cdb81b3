// What the detection kernels ask of the gradient bridge.
#pragma once

namespace detlab {

/** 0 outside gradient functions, 1 inside one, 2 and more in nested ones (which differentiate gradients). */
int gradientDepth();

/** Throws while a second derivative is being built: called in backward functions that autograd cannot look into. */
void refuseSecondOrder(const char* what);

}  // namespace detlab
