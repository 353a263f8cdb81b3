// Centerness of a point in a box: 1 at the center, 0 on an edge (Tian et al., FCOS, ICCV 2019). Also 0 outside of the box,
// where assigners that do not ask for the center may put a positive; the reference stops there.

/** sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)) of distances left, top, right, bottom, four a box. */
export function centernessOf(distances: Float32Array): Float32Array {
  const out = new Float32Array(distances.length / 4);
  for (let i = 0; i < out.length; i++) {
    const [l, t, r, b] = [distances[4 * i], distances[4 * i + 1], distances[4 * i + 2], distances[4 * i + 3]];
    const [x, y] = [Math.min(l, r) / Math.max(l, r), Math.min(t, b) / Math.max(t, b)];
    out[i] = Math.sqrt(Math.max(x, 0) * Math.max(y, 0));
  }
  return out;
}

/** Of the centers of `anchors` in `boxes`, both flat xyxy. */
export function centerness(anchors: Float32Array, boxes: Float32Array): Float32Array {
  const distances = anchors.map((_, i) => {
    const low = (i & ~3) | (i & 1); // x1 or y1
    const center = (anchors[low] + anchors[low + 2]) / 2;
    return i & 2 ? boxes[i] - center : center - boxes[i];
  });
  return centernessOf(distances);
}
