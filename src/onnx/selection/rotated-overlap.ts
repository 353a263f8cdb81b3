// IoU of rotated boxes with others in the graph. In the frame of the other box its sides are upright: corners are added to a rectangle
// where its sides cross theirs, and all coordinates limited to the sides. What was outside then lies on a side and has no area, so that
// the area of the polygon is that of the intersection; there are no ties as where corners are sorted. N images, S boxes, P corners.

import type { Graph } from '../graph';

/** Below, a box overlaps nothing, as in `rotatedOverlap`. */
const SMALLEST_AREA = 1e-14;

const CORNERS = [
  [0.5, 0.5],
  [-0.5, 0.5],
  [-0.5, -0.5],
  [0.5, -0.5],
];

/** x and y of corners in order, each [N, S, P]. */
type Polygon = readonly [x: string, y: string];

/**
 * IoU [N, S] of the boxes with the one at each image that `of` takes of what is [N, S, ...].
 *
 * @param boxes center x, center y, width, height, angle: [N, S, 5]
 */
export function rotatedOverlaps(boxes: string, graph: Graph): (of: (value: string) => string) => string {
  const column = (k: number, value = boxes) =>
    graph.node('Slice', [value, graph.ints([k]), graph.ints([k + 1]), graph.ints([2]), graph.ints([1])]); // [N, S, 1]
  const [op, one] = [binary(graph), (value: number) => graph.float(value)];
  const areas = op('Mul', column(2), column(3));
  return (of) => {
    const best = of(boxes); // [N, 1, 5]
    const [cosB, sinB] = [graph.node('Cos', [column(4, best)]), graph.node('Sin', [column(4, best)])];
    const turn = op('Sub', column(4), column(4, best));
    const [cos, sin] = [graph.node('Cos', [turn]), graph.node('Sin', [turn])];
    const [dx, dy] = [op('Sub', column(0), column(0, best)), op('Sub', column(1), column(1, best))];
    const x = op('Add', op('Mul', dx, cosB), op('Mul', dy, sinB));
    const y = op('Sub', op('Mul', dy, cosB), op('Mul', dx, sinB));
    const signs = (k: 0 | 1) =>
      graph.constant(
        CORNERS.map((corner) => corner[k]),
        [1, 1, CORNERS.length],
        'float32',
      );
    const [u, v] = [op('Mul', column(2), signs(0)), op('Mul', column(3), signs(1))]; // [N, S, 4]
    let polygon: Polygon = [
      op('Add', x, op('Sub', op('Mul', u, cos), op('Mul', v, sin))),
      op('Add', y, op('Add', op('Mul', u, sin), op('Mul', v, cos))),
    ];
    let corners = CORNERS.length;
    for (const axis of [0, 1] as const) {
      const limit = op('Mul', column(2 + axis, best), one(0.5));
      polygon = limited(withCrossings(polygon, axis, corners, limit, graph), axis, limit, graph);
      corners *= 3;
    }
    const overlap = areaOf(polygon, corners, graph);
    const union = op('Sub', op('Add', areas, of(areas)), overlap);
    const smaller = op('Min', areas, of(areas));
    const iou = graph.node('Where', [
      op('GreaterOrEqual', smaller, one(SMALLEST_AREA)),
      op('Div', overlap, union),
      one(0),
    ]);
    return graph.node('Squeeze', [iou, graph.ints([2])]);
  };
}

const binary = (graph: Graph) => (operation: string, a: string, b: string) => graph.node(operation, [a, b]);

/** The corners after each, the first after the last. */
const next = (values: string, corners: number, graph: Graph): string =>
  graph.node('Gather', [values, graph.ints(Array.from({ length: corners }, (_, i) => (i + 1) % corners))], { axis: 2 });

/** After each corner the two points of its edge where coordinate `axis` is the limit below and above; any of the edge where there is none. */
function withCrossings(polygon: Polygon, axis: 0 | 1, corners: number, limit: string, graph: Graph): Polygon {
  const op = binary(graph);
  const from = polygon[axis];
  const after = polygon.map((values) => next(values, corners, graph));
  const along = op('Sub', after[axis], from);
  const still = op('Equal', along, graph.float(0));
  const step = graph.node('Where', [still, graph.float(1), along]);
  const share = (side: string) => {
    const t = op('Div', op('Sub', side, from), step);
    return graph.node('Min', [graph.node('Max', [t, graph.float(0)]), graph.float(1)]);
  };
  const sides = [share(graph.node('Neg', [limit])), share(limit)];
  const shares = [op('Min', sides[0], sides[1]), op('Max', sides[0], sides[1])];
  const points = polygon.map((values, k) => {
    const whole = op('Sub', after[k], values);
    const each = [values, ...shares.map((t) => op('Add', values, op('Mul', t, whole)))];
    const stacked = graph.node(
      'Concat',
      each.map((value) => graph.node('Unsqueeze', [value, graph.ints([3])])),
      { axis: 3 },
    ); // [N, S, P, 3]
    return graph.node('Reshape', [stacked, graph.ints([0, 0, 3 * corners])], { allowzero: 0 });
  });
  return [points[0], points[1]];
}

function limited(polygon: Polygon, axis: 0 | 1, limit: string, graph: Graph): Polygon {
  const [x, y] = polygon.map((values, k) =>
    k === axis ? graph.node('Min', [graph.node('Max', [values, graph.node('Neg', [limit])]), limit]) : values,
  );
  return [x, y];
}

/** Half of the sum of x1 * y2 - x2 * y1 over the edges, [N, S, 1]. */
function areaOf([x, y]: Polygon, corners: number, graph: Graph): string {
  const op = binary(graph);
  const cross = op('Sub', op('Mul', x, next(y, corners, graph)), op('Mul', next(x, corners, graph), y));
  const twice = graph.node('ReduceSum', [cross, graph.ints([2])], { keepdims: 1, noop_with_empty_axes: 0 });
  return op('Mul', graph.node('Abs', [twice]), graph.float(0.5));
}
