// The part of a coarse map that is in a box, a pixel more on every side: what YOLACT leaves of a mask.

const f = Math.fround;

/** First pixel and end of each box along one side of a map of `cells`. */
export function boxRegions(
  boxes: Float32Array,
  axis: 'x' | 'y',
  { cells, side }: { cells: number; side: number },
): { first: number; end: number }[] {
  const offset = axis === 'x' ? 0 : 1;
  const at = (v: number) => f(f(v / side) * cells);
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [a, b] = [at(boxes[4 * i + offset]), at(boxes[4 * i + 2 + offset])];
    const [low, high] = [Math.max(f(Math.min(a, b) - 1), 0), Math.min(f(Math.max(a, b) + 1), cells)];
    return { first: Math.ceil(low), end: Math.ceil(high) };
  });
}

/** 1 from the first pixel of each region to before its end, else 0 [boxes, cells]. */
export function regionRows(regions: readonly { first: number; end: number }[], cells: number): Float32Array {
  const rows = new Float32Array(regions.length * cells);
  for (const [i, { first, end }] of regions.entries())
    rows.fill(1, i * cells + first, i * cells + Math.max(end, first));
  return rows;
}
