// The part of a polygon inside a rectangle (Sutherland and Hodgman, Reentrant Polygon Clipping, 1974). Where several parts
// remain, edges along the border join them: they enclose nothing and are drawn as nothing.

/** Corners on the side where `sign * (coordinate - limit)` is not negative. `axis`: 0 for x, 1 for y. */
function clipSide(polygon: Float64Array, axis: 0 | 1, limit: number, sign: 1 | -1): Float64Array {
  const depth = (i: number) => sign * (polygon[i + axis] - limit);
  const out: number[] = [];
  const n = polygon.length;
  for (let i = 0, before = n - 2; i < n; before = i, i += 2) {
    const [from, to] = [depth(before), depth(i)];
    if (from < 0 !== to < 0) {
      const share = from / (from - to);
      const other = polygon[before + 1 - axis] + (polygon[i + 1 - axis] - polygon[before + 1 - axis]) * share;
      if (axis === 0) out.push(limit, other);
      else out.push(other, limit);
    }
    if (to >= 0) out.push(polygon[i], polygon[i + 1]);
  }
  return Float64Array.from(out);
}

/**
 * The part of `polygon` in [left, right] x [top, bottom]; empty where there is none.
 *
 * @example clipPolygon(Float64Array.of(-2, 1, 4, 1, 4, 3, -2, 3), { left: 0, top: 0, right: 5, bottom: 5 }) // 0 1 4 1 4 3 0 3
 */
export function clipPolygon(
  polygon: Float64Array,
  { left, top, right, bottom }: Record<'left' | 'top' | 'right' | 'bottom', number>,
): Float64Array {
  let inside = true;
  for (let i = 0; i < polygon.length; i += 2)
    inside &&= polygon[i] >= left && polygon[i] <= right && polygon[i + 1] >= top && polygon[i + 1] <= bottom;
  if (inside) return polygon;
  let clipped = clipSide(polygon, 0, left, 1);
  clipped = clipSide(clipped, 0, right, -1);
  clipped = clipSide(clipped, 1, top, 1);
  return clipSide(clipped, 1, bottom, -1);
}
