// What the tests of task modules share: the registry, and the scene of 96 x 128 pixels and three levels (strides 8, 16, 32)
// on which test/golden/generate/task_modules.py ran the reference.

import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { type Assigner, type AssignInput, type Instances, taskModules } from '../../../src/models/task-modules';
import { Random } from '../../../src/random';
import { boxes, goldenJson, sgn, u01 } from '../../golden-data';

export const registry = new Registry(taskModules);
export const buildAssigner = (config: ModuleConfig): Assigner =>
  registry.build('assigner', config, { path: 'assigner' });

export const [height, width] = [96, 128];
const size = { w: width, h: height };
export const empty: Float32Array = new Float32Array(0);

export const sceneBoxes = (name: string, n: number): Float32Array => boxes(name, n, size);
export const truths = (name: string, n: number, ignored = empty): Instances => ({
  bboxes: sceneBoxes(name, n),
  labels: Int32Array.from({ length: n }, (_, i) => i % 3),
  ignored,
});

/** x, y, stride, stride. */
export const points = (offset: number): Float32Array =>
  Float32Array.from(
    [8, 16, 32].flatMap((s) =>
      Array.from({ length: (height / s) * (width / s) }, (_, i) => {
        const columns = width / s;
        return [((i % columns) + offset) * s, (Math.floor(i / columns) + offset) * s, s, s];
      }).flat(),
    ),
  );

/** Square anchors of `side` strides. */
export const anchors = (side: number): Float32Array =>
  points(0).map((_, i, p) => {
    const at = i - (i & 3);
    const half = (p[at + 2] * side) / 2;
    return p[at + (i & 1)] + (i & 2 ? half : -half);
  });

export const uniform = (name: string, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => u01(name, i));

/** An input of one level; `given` says what matters to a test. */
export const input = (given: Partial<AssignInput> & Pick<AssignInput, 'priors' | 'instances'>): AssignInput => ({
  levels: [given.priors.length / 4],
  imgShape: [height, width],
  random: Random.seeded(3),
  epoch: 0,
  ...given,
});

export interface PredictionCase {
  options: Record<string, unknown>;
  truths: number;
  assigned: number[];
  labels: number[];
  overlaps: number[];
}

/** The cases of test/golden/generate/prediction_assigners.py. */
export const predictionCases = () =>
  goldenJson<{
    dynamic_soft_label: PredictionCase[];
    sim_ota: PredictionCase[];
    batch_task_aligned: {
      options: Record<string, unknown>;
      truths: number;
      positive: number[];
      labels: number[];
      boxes: number[];
      scores: number[];
    }[];
  }>('prediction_assigners');

/** Their input, with `n` ground-truth boxes. */
export function predictionInput(n: number): AssignInput {
  const priors = points(0.5);
  const count = priors.length / 4;
  const shift = sgn('pred.shift', [count, 4], 6);
  const logits = sgn('pred.logits', [count, 3], 4);
  const boxes = priors.map((_, i) => {
    const at = i - (i & 3);
    const half = priors[at + 2] * 1.5;
    return priors[at + (i & 1)] + (i & 2 ? half : -half) + shift[i];
  });
  const predictions = { count, classes: 3, logits, scores: logits.map((x) => 1 / (1 + Math.exp(-x))), boxes };
  return input({ priors, levels: [192, 48, 12], instances: truths('pred.gt', n), predictions });
}
