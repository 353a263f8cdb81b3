// PoseSimOTAAssigner against MMYOLO's: no objects, two of one, none of whose keypoints is visible.

import { beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { losses } from '../../../../src/models/losses';
import { taskModules } from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';
import { expectClose } from '../../../golden-data';
import { keypointsOf, poseGolden } from '../../../pose-golden';

beforeAll(async () => void (await startEngine()));
const registry = new Registry([...taskModules, ...losses]);
const f = (values: readonly number[]) => Float32Array.from(values);

const inputOf = (c: ReturnType<typeof poseGolden>['assigner'][number]) => {
  const count = c.priors.length / 4;
  const labels = new Int32Array(c.boxes.length / 4);
  return {
    priors: f(c.priors),
    levels: [count],
    instances: { bboxes: f(c.boxes), labels, ignored: new Float32Array(0), keypoints: keypointsOf(c.points) },
    predictions: { count, classes: 1, scores: f(c.scores), boxes: f(c.found), keypoints: f(c.keypoints) },
    imgShape: [48, 48] as [number, number],
    random: Random.seeded(0),
    epoch: 0,
  };
};
const build = (options: object) =>
  registry.build('assigner', { type: 'PoseSimOTAAssigner', ...options }, { path: 'assigner' });

test.each(poseGolden().assigner.map((c) => [c.name, c] as const))('%s', (_, c) => {
  const { oks_weight, vis_weight } = c;
  const oks_calculator = { type: 'OksLoss', metainfo: 'configs/_base_/pose/coco.py' };
  const { assigned, maxOverlaps } = build({ oks_weight, vis_weight, oks_calculator }).assign(inputOf(c));
  expect([...assigned]).toEqual(c.assigned);
  expectClose(maxOverlaps!, c.overlaps, 1e-5);
});

test('what it needs and does not get is said', () => {
  const [c] = poseGolden().assigner;
  const input = inputOf(c);
  const { keypoints: _, ...bare } = input.instances;
  expect(() => build({}).assign({ ...input, instances: bare })).toThrow(/the ground truth has no keypoints/);
  const few = { ...input.predictions, keypoints: input.predictions.keypoints.subarray(0, 9 * input.predictions.count) };
  expect(() => build({}).assign({ ...input, predictions: few })).toThrow(
    /predicts 3 keypoints, the ground truth has 17/,
  );
  expect(() => build({ oks_calculator: { type: 'L1Loss' } })).toThrow(/Cannot use L1Loss as assigner\.oks_calculator/);
});
