// Detections of a second stage in the graph: (RoI, class) pairs above the threshold, NMS by class, the best of each image.

import type { RCNNTestCfg } from '../../models/roi-heads/roi-detections';
import type { NmsConfig } from '../../ops';
import type { LoweringContext } from '../lowering';
import { DROPPED } from '../selection/pairs';
import { detectionTable, type GraphDetections } from '../selection/suppression';
import type { ScoredRois } from './roi-stages';

export interface SelectedRois {
  /** Probabilities [N, M, classes + 1]. */
  scores: string;
  /** [N, M, C, 4]. */
  boxes: string;
  /** C: 1 or the number of classes. */
  perRoi: number;
  classes: number;
  /** M, where it is known. */
  count: number | undefined;
  /** Factors on the scores [N, M, 1]; all 1 when absent. */
  factors?: string;
  /** Objects predicted of each proposal, one after the other: M of several are of one. */
  several?: number;
  /** bool [N, M]: which are RoIs, and not what fills the table up; all when absent. */
  valid?: string;
}

/** Probabilities by image, of scores before softmax [K, classes + 1]. */
export function probabilities({ scores, boxes }: ScoredRois, classes: number, { graph }: LoweringContext): string {
  const likely = graph.node('Softmax', [scores], { axis: 1 });
  const shape = graph.node('Concat', [graph.node('Shape', [boxes], { start: 0, end: 2 }), graph.ints([classes + 1])], {
    axis: 0,
  });
  return graph.node('Reshape', [likely, shape], { allowzero: 0 });
}

/** The proposal of each pair, int64 [1, S]. */
function setsOf(scores: string, width: number, { graph }: LoweringContext): string {
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [graph.node('Shape', [scores], { start: 1, end: 2 }), graph.ints([0])]);
  const places = graph.node('Range', [scalar(0), count, scalar(1)]);
  const sets = graph.node('Unsqueeze', [graph.node('Div', [places, scalar(width)]), graph.ints([0])]);
  return graph.node('Expand', [sets, graph.node('Shape', [scores])]);
}

export function selectRoiDetections(rois: SelectedRois, cfg: RCNNTestCfg, context: LoweringContext): GraphDetections {
  const { graph } = context;
  const { classes, perRoi, valid, count } = rois;
  const ofClasses = graph.node('Slice', [
    rois.scores,
    graph.ints([0]),
    graph.ints([classes]),
    graph.ints([2]),
    graph.ints([1]),
  ]);
  const above = graph.node('Greater', [ofClasses, graph.float(Math.fround(cfg.score_thr))]);
  const counted = valid ? graph.node('And', [above, graph.node('Unsqueeze', [valid, graph.ints([2])])]) : above;
  const joint = rois.factors ? graph.node('Mul', [ofClasses, rois.factors]) : ofClasses;
  const scores = graph.node('Where', [counted, joint, graph.float(DROPPED)]); // [N, M, classes]
  const shape = graph.node('Shape', [scores]);
  const flat = (value: string, last: number[] = []) =>
    graph.node('Reshape', [value, graph.ints([0, -1, ...last])], { allowzero: 0 });
  const four = graph.node('Concat', [shape, graph.ints([4])], { axis: 0 });
  const boxes = perRoi === 1 ? graph.node('Expand', [rois.boxes, four]) : rois.boxes;
  const labels = graph.constant(
    Array.from({ length: classes }, (_, c) => c),
    [classes],
    'int64',
  );
  const pairs = {
    boxes: flat(boxes, [4]),
    scores: flat(scores),
    labels: flat(graph.node('Expand', [labels, shape])),
    count: count === undefined ? [0, 1] : [count * classes],
    sets: rois.several ? setsOf(flat(scores), rois.several * classes, context) : undefined,
  };
  const limit = cfg.max_per_img > 0 ? cfg.max_per_img : -1;
  return detectionTable(pairs, { nms: cfg.nms as NmsConfig | null, limit, minSize: -1 }, context);
}
