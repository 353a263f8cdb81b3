// What the detection kernels need of the autograd bridge.
#pragma once

namespace detlab {

/** 0 outside gradient functions, 1 inside one, 2 and more in nested ones (which differentiate gradients). */
int gradientDepth();

/** Throws while a second derivative is recorded: called in backward functions that autograd cannot differentiate. */
void refuseSecondOrder(const char* what);

}  // namespace detlab
