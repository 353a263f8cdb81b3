// SimOTAAssigner against MMDetection's (assigners.safetensors, prediction_assigners.json).

import { expect, test } from 'vitest';
import { expectClose, golden } from '../../../golden-data';
import { buildAssigner, empty, input, predictionCases, predictionInput } from '../scene';

const { tensors } = golden('assigners');
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

test('equals the reference', () => {
  const [scores, boxes] = [floats('simota.scores'), floats('simota.bboxes')];
  const result = buildAssigner({ type: 'SimOTAAssigner' }).assign(
    input({
      priors: floats('simota.priors'),
      instances: { bboxes: floats('gts'), labels: Int32Array.from(tensors.get('labels')!.data), ignored: empty },
      predictions: { count: boxes.length / 4, classes: 3, scores, boxes },
    }),
  );
  expect([...result.assigned]).toEqual([...tensors.get('simota.gt_inds')!.data]);
  expectClose(result.maxOverlaps, floats('simota.max_overlaps'), 1e-6);
});

test.each(predictionCases().sim_ota.map((c) => [JSON.stringify(c.options), c] as const))(
  'equals the reference: %s',
  (_, c) => {
    const result = buildAssigner({ type: 'SimOTAAssigner', ...c.options }).assign(predictionInput(c.truths));
    expect([...result.assigned]).toEqual(c.assigned);
    expect([...result.labels]).toEqual(c.labels);
    expectClose(result.maxOverlaps, c.overlaps, 1e-6);
  },
);
