// The parts of an object as one closed outline (MMYOLO's merge_multi_segment, after Ultralytics): parts are joined where they
// are nearest, by lines that are drawn forth and back and enclose nothing.

type Point = readonly [number, number];

const pointsOf = (polygon: ArrayLike<number>): Point[] =>
  Array.from({ length: polygon.length / 2 }, (_, i) => [polygon[2 * i], polygon[2 * i + 1]]);

/** Indices of the nearest pair of points, the first of equals. */
function nearestPair(a: readonly Point[], b: readonly Point[]): [number, number] {
  let best = Number.POSITIVE_INFINITY;
  let found: [number, number] = [0, 0];
  for (const [i, p] of a.entries())
    for (const [j, q] of b.entries()) {
      const distance = (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2;
      if (distance >= best) continue;
      best = distance;
      found = [i, j];
    }
  return found;
}

/**
 * @param parts at least one, of at least three points each
 * @example mergePolygons([[0, 0, 2, 0, 2, 2], [4, 0, 6, 0, 6, 2]]).length // 16: the joints are there twice
 */
export function mergePolygons(parts: readonly ArrayLike<number>[]): Float64Array {
  if (parts.length === 1) return Float64Array.from(parts[0]);
  const segments = parts.map(pointsOf);
  const joints: number[][] = parts.map(() => []);
  for (let i = 1; i < segments.length; i++) {
    const [before, at] = nearestPair(segments[i - 1], segments[i]);
    joints[i - 1].push(before);
    joints[i].push(at);
  }
  const last = segments.length - 1;
  const out: Point[] = [];
  // forth: each part from its first joint to its second one
  for (const [i, given] of joints.entries()) {
    let [from, to] = given;
    // as there, the order of points is turned and the joints are not
    if (given.length === 2 && from > to) {
      [from, to] = [to, from];
      segments[i].reverse();
    }
    const turned = [...segments[i].slice(from), ...segments[i].slice(0, from)];
    segments[i] = [...turned, turned[0]];
    out.push(...(i === 0 || i === last ? segments[i] : segments[i].slice(0, to - from + 1)));
  }
  // back: what is left of the parts between
  for (let i = last - 1; i > 0; i--) out.push(...segments[i].slice(Math.abs(joints[i][1] - joints[i][0])));
  return Float64Array.from(out.flat());
}
