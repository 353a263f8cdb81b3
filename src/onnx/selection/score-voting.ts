// Score voting in the graph: the box of a detection becomes the mean of the boxes of its class, weighted by score and IoU with it
// (models/dense-heads/score-voting.ts). N images, M detections, P priors, which all classes share, C classes.

import { MIN_IOU, SIGMA } from '../../models/dense-heads/score-voting';
import type { LoweringContext } from '../lowering';
import type { GraphCandidates } from './pairs';
import type { GraphDetections } from './suppression';

/** Areas are at least this. */
const MIN_AREA = 1e-6;
const SUMMED = { keepdims: 1, noop_with_empty_axes: 0 };

/** @param threshold above which a score votes */
export function votedBoxes(
  detections: GraphDetections,
  { scores, columns, classes, boxes }: GraphCandidates,
  threshold: number,
  context: LoweringContext,
): GraphDetections {
  const { graph } = context;
  const { labels } = detections;
  const ofClasses =
    columns === classes
      ? scores
      : graph.node('Slice', [scores, graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])]);
  const above = graph.node('Greater', [ofClasses, graph.float(Math.fround(threshold))]);
  const votes = graph.node('Transpose', [graph.node('Where', [above, ofClasses, graph.float(0)])], { perm: [0, 2, 1] });
  const known = graph.node('Max', [labels, graph.constant([0], [], 'int64')]);
  // for what fills the table up, without an area, none votes
  const ofLabel = graph.node('GatherND', [votes, graph.node('Unsqueeze', [known, graph.ints([2])])], {
    batch_dims: 1,
  }); // [N, M, P]
  const iou = overlaps(detections.boxes, boxes, context);
  const apart = graph.node('Sub', [graph.float(1), iou]);
  const near = graph.node('Exp', [graph.node('Div', [graph.node('Mul', [apart, apart]), graph.float(-SIGMA)])]);
  const voting = graph.node('Greater', [iou, graph.float(Math.fround(MIN_IOU))]);
  const weights = graph.node('Where', [voting, graph.node('Mul', [near, ofLabel]), graph.float(0)]);
  const total = graph.node('ReduceSum', [weights, graph.ints([2])], SUMMED); // [N, M, 1]
  const means = graph.node('Div', [graph.node('MatMul', [weights, boxes]), total]);
  const voted = graph.node('Greater', [total, graph.float(0)]);
  return { ...detections, boxes: graph.node('Where', [voted, means, detections.boxes]) };
}

/** IoU [N, M, P] of boxes [N, M, 4] and [N, P, 4]. */
function overlaps(a: string, b: string, { graph }: LoweringContext): string {
  const corner = (of: string, from: number, axis: number) => {
    const two = [of, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])];
    return graph.node('Unsqueeze', [graph.node('Slice', two), graph.ints([axis])]);
  };
  const [lowA, highA, lowB, highB] = [corner(a, 0, 2), corner(a, 2, 2), corner(b, 0, 1), corner(b, 2, 1)];
  const product = (sides: string) =>
    graph.node('ReduceProd', [sides, graph.ints([3])], { keepdims: 0, noop_with_empty_axes: 0 });
  const area = (low: string, high: string) => product(graph.node('Sub', [high, low]));
  const sides = graph.node('Sub', [graph.node('Min', [highA, highB]), graph.node('Max', [lowA, lowB])]);
  const overlap = product(graph.node('Max', [sides, graph.float(0)]));
  const both = graph.node('Add', [area(lowA, highA), area(lowB, highB)]);
  const union = graph.node('Max', [graph.node('Sub', [both, overlap]), graph.float(MIN_AREA)]);
  return graph.node('Div', [overlap, union]);
}
