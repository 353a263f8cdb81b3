// Gradients are summed over the ranks in buckets, each as soon as a backward pass has all of its gradients.
#pragma once

#include "torch.h"

namespace detlab {

/**
 * Watches the gradients of `inputs` (leaves, in the order of the parameters) in the backward pass that follows; false where it
 * is not to be summed.
 */
bool watchGradients(const std::vector<at::Tensor>& inputs);

/** After it: begins what has not begun, and puts the place of each sum in `gradients`, by position in `inputs`. */
void placeGradients(std::vector<at::Tensor>& gradients);

}  // namespace detlab
