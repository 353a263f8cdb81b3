// The slot table: JavaScript refers to each ATen tensor by a small integer, its slot.
#pragma once

#include "torch.h"

namespace detlab {

using at::Tensor;
using Ints = std::vector<int64_t>;

/** Stores a tensor and writes its rank and shape to the shared shape array, which saves JavaScript a call. */
int32_t putSlot(Tensor tensor);

/** The tensor in a slot; throws when the slot is empty (disposed) or unknown. */
Tensor& slotAt(int64_t id);

/**
 * The tensor in a slot, with storage that no other tensor has, for an update in place. JavaScript has checked that no other of
 * its tensors uses the slot.
 */
Tensor& exclusiveSlot(int64_t id);

void freeSlot(int64_t id);
int32_t liveSlots();

/** Moves the tensor out of a slot and frees the slot. */
Tensor takeSlot(int64_t id);

/** Detaches every tensor that was stored with a gradient history since the last call; returns how many. */
int32_t detachSlots();

/** `[rank, d0, d1, ...]` of the tensor stored last. */
void setShapeArray(int32_t* array, size_t length);
void writeShape(const Tensor& tensor);

}  // namespace detlab
