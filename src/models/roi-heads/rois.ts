// RoIs: boxes of a whole batch in one row, five numbers each: image, x1, y1, x2, y2.

/** All boxes (flat xyxy, by image) with the number of their image before each. */
export function roisOf(boxes: readonly Float32Array[]): Float32Array {
  const rois = new Float32Array(boxes.reduce((n, ofImage) => n + (ofImage.length / 4) * 5, 0));
  let at = 0;
  for (const [image, ofImage] of boxes.entries())
    for (let k = 0; k < ofImage.length; k += 4, at += 5) {
      rois[at] = image;
      rois.set(ofImage.subarray(k, k + 4), at + 1);
    }
  return rois;
}

/** The RoIs at `indices`, in that order. */
export function takeRois(rois: Float32Array, indices: ArrayLike<number>): Float32Array {
  const out = new Float32Array(5 * indices.length);
  for (let i = 0; i < indices.length; i++) out.set(rois.subarray(5 * indices[i], 5 * indices[i] + 5), 5 * i);
  return out;
}

/** RoIs enlarged by a factor about their centres. */
export function scaleRois(rois: Float32Array, factor: number): Float32Array {
  if (factor === 1) return rois;
  const f = Math.fround;
  const scaled = rois.slice();
  for (let at = 1; at < rois.length; at += 5)
    for (const axis of [at, at + 1]) {
      const [low, high] = [rois[axis], rois[axis + 2]];
      const center = f(f(low + high) * 0.5);
      const half = f(f(f(high - low) * f(factor)) * 0.5);
      scaled[axis] = center - half;
      scaled[axis + 2] = center + half;
    }
  return scaled;
}

/** Rows computed in `order` put back: row `order[i]` of the result is row i of `values`. */
export function unpermute(values: Float32Array, order: Int32Array): Float32Array {
  const columns = values.length / Math.max(order.length, 1);
  const out = new Float32Array(values.length);
  order.forEach((to, from) => {
    out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return out;
}
