// A caching allocator for libtorch's CPU tensors: blocks are cut from mapped chunks, the smallest fitting one first, and joined
// with their neighbours when freed, so that a step which repeats takes no fresh memory: page faults are up to a third of a step.
// Bounded; uses huge pages where possible.
#pragma once

#include <atomic>

#include "torch.h"

namespace detlab {

struct AllocatorState {
  size_t inUse;
  size_t peak;
  size_t cached;
};

/** Replaces libtorch's CPU allocator. `cacheLimit` bounds the bytes kept for reuse. */
void installAllocator(size_t cacheLimit);
AllocatorState allocatorState();
void resetAllocatorPeak();
/** Nothing is kept for reuse that would, with what is in use, exceed so many bytes; 0: no limit. */
void setMemoryLimit(size_t bytes);
/** Until the next call: allocations of this thread fail once the value is not 0. */
void watchUrgency(const std::atomic<int32_t>* urgency);
/** Whether it is not 0. */
bool isUrgent();
/** Returns every cached block to the system. */
void releaseCache();

}  // namespace detlab
