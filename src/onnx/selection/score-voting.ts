// Score voting in the graph: the box of a detection becomes the mean of the boxes of its class, weighted by score and IoU with it
// (models/dense-heads/score-voting.ts). N images, M detections, P priors, which all classes share, C classes.

import { MIN_IOU, SIGMA } from '../../models/dense-heads/score-voting';
import type { LoweringContext } from '../lowering';
import { overlaps } from './overlaps';
import type { GraphCandidates } from './pairs';
import type { GraphDetections } from './suppression';

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
  const iou = overlaps(detections.boxes, boxes, graph);
  const apart = graph.node('Sub', [graph.float(1), iou]);
  const near = graph.node('Exp', [graph.node('Div', [graph.node('Mul', [apart, apart]), graph.float(-SIGMA)])]);
  const voting = graph.node('Greater', [iou, graph.float(Math.fround(MIN_IOU))]);
  const weights = graph.node('Where', [voting, graph.node('Mul', [near, ofLabel]), graph.float(0)]);
  const total = graph.node('ReduceSum', [weights, graph.ints([2])], SUMMED); // [N, M, 1]
  const means = graph.node('Div', [graph.node('MatMul', [weights, boxes]), total]);
  const voted = graph.node('Greater', [total, graph.float(0)]);
  return { ...detections, boxes: graph.node('Where', [voted, means, detections.boxes]) };
}
