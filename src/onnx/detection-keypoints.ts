// Keypoints of detections in the graph: those of the prior of each. N images, T priors, M detections, K keypoints.

import type { ExportedOutput } from './export-network';
import type { Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import type { GraphDetections } from './selection/suppression';

const POINTS = 'x and y in pixels of the input, and a score, of the keypoints';

/** x, y and score of each [N, ..., K, 3]. */
function output(value: string, count: number | undefined, [, , width]: number[], of: string): ExportedOutput {
  const rows = count ?? (of === 'priors' ? 'priors' : 'detections');
  return { name: 'keypoints', value, type: 'float32', shape: [rows, width / 3, 3], doc: `${POINTS} of all ${of}` };
}

/** @param points [N, T, 3 K] */
export function allKeypoints(points: Lowered, count: number | undefined, { graph }: LoweringContext): ExportedOutput {
  const table = points.get({ layout: 'same', type: 'float32' });
  const value = graph.node('Reshape', [table, graph.ints([0, 0, -1, 3])], { allowzero: 0 });
  return output(value, count, points.shape, 'priors');
}

/** 0 where there is no detection. */
export function keypointsOf(
  { labels, priors, count }: GraphDetections,
  points: Lowered,
  { graph }: LoweringContext,
): ExportedOutput {
  const at = graph.node('Unsqueeze', [priors!, graph.ints([2])]);
  const found = graph.node('GatherND', [points.get({ layout: 'same', type: 'float32' }), at], { batch_dims: 1 });
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const kept = graph.node('Where', [graph.node('Unsqueeze', [valid, graph.ints([2])]), found, graph.float(0)]);
  const value = graph.node('Reshape', [kept, graph.ints([0, 0, -1, 3])], { allowzero: 0 });
  return output(value, count, points.shape, 'detections');
}
