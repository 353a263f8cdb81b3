// The points of filters for Winograd's products, from filters as they are trained or from packed ones, which need no
// transposition.
#pragma once

#include "slots.h"
#include "winograd_tiles.h"

namespace detlab {

/** A filter of which points are made. */
template <typename T>
struct FilterSource {
  /** O, 3, 3, I; or packed in panels of output channels, [panel][I][9][kPanel]. */
  const T* data;
  /** Multiplies output channels of a filter that is not packed. */
  const float* factor;
  int64_t outputs, inputs;
  /** Rotated, with O and I exchanged; not of a packed filter. */
  bool flipped;
  bool packed;
  int64_t depth() const { return flipped ? outputs : inputs; }
  int64_t columns() const { return flipped ? inputs : outputs; }
};

/** The distance between the points of a panel of a filter of this depth. */
inline int64_t panelStride(int64_t depth) { return pointStride(depth * kPanel); }

/** Writes the points of the rows [first, first + depth) of a panel, [36][depth][kPanel], points `stride` apart. */
template <typename T>
void panelPoints(const FilterSource<T>& filter, int64_t panel, int64_t first, int64_t depth, float* to, int64_t stride);

/** The points of all panels of a filter, [panels, 36, depth, kPanel] with a gap after each point. */
template <typename T>
Tensor allPoints(const FilterSource<T>& filter);

/** A filter OIHW, times `scale` [O] if there is one, rounded to `type` and packed. */
Tensor packedTaps(const Tensor& filter, const Tensor& scale, at::ScalarType type);

}  // namespace detlab
