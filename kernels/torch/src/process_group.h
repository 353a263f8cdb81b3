// The processes that train one model together, as libtorch's c10d connects them: what the other files need of them.
#pragma once

#include <memory>

#include "slots.h"

namespace detlab {

/** A sum over all ranks that is under way. */
class Reduction {
 public:
  virtual ~Reduction() = default;
  /** Whether it has ended; waits so many milliseconds at most. Throws what it failed with. */
  virtual bool wait(int milliseconds) = 0;
};

/** Number of ranks; 0 without a group. */
int groupSize();

/** The device that gradients are summed on: the CPU with Gloo, their own with NCCL. */
at::Device reductionDevice(const at::Device& of);

/** Begins to sum a dense tensor over the ranks, in place. All ranks must begin the same sums in the same order. */
std::unique_ptr<Reduction> beginReduction(Tensor flat);

/** Waits to the end; throws when Stop has become urgent. */
void finish(Reduction& reduction);

}  // namespace detlab
