// Detections of the branches of a backbone in the graph, as one table of each image: NMS once more (TridentNet). N images, D detections of
// each in each of B branches; the branches come one after the other.

import type { RCNNTestCfg } from '../../models/roi-heads/roi-detections';
import type { NmsConfig } from '../../ops';
import type { LoweringContext } from '../lowering';
import { DROPPED } from '../selection/pairs';
import { detectionTable, type GraphDetections } from '../selection/suppression';

export function mergeBranches(
  { boxes, scores, labels, count }: GraphDetections,
  branches: number,
  cfg: RCNNTestCfg,
  context: LoweringContext,
): GraphDetections {
  const { graph } = context;
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  // [B N, D, ...] -> [N, B D, ...]
  const byImage = (value: string, rest: number[]) => {
    const found = graph.node('Shape', [labels], { start: 1, end: 2 });
    const split = graph.node('Concat', [graph.ints([branches, -1]), found, graph.ints(rest)], { axis: 0 });
    const images = graph.node('Transpose', [graph.node('Reshape', [value, split], { allowzero: 0 })], {
      perm: [1, 0, 2, ...rest.map(() => 3)],
    });
    const all = graph.node(
      'Concat',
      [graph.ints([-1]), graph.node('Mul', [found, graph.ints([branches])]), graph.ints(rest)],
      { axis: 0 },
    );
    return graph.node('Reshape', [images, all], { allowzero: 0 });
  };
  const pairs = {
    boxes: byImage(boxes, [4]),
    scores: byImage(graph.node('Where', [valid, scores, graph.float(DROPPED)]), []),
    labels: byImage(graph.node('Max', [labels, graph.constant([0], [], 'int64')]), []),
    count: count === undefined ? [0, 1] : [branches * count],
  };
  const limit = cfg.max_per_img > 0 ? cfg.max_per_img : -1;
  return detectionTable(pairs, { nms: cfg.nms as NmsConfig | null, limit, minSize: -1 }, context);
}
