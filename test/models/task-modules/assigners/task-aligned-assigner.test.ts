// TaskAlignedAssigner against MMDetection's (task_modules.json, assigners.safetensors).

import { expect, test } from 'vitest';
import type { Instances } from '../../../../src/models/task-modules';
import { expectClose, golden, goldenJson, sgn } from '../../../golden-data';
import { anchors, buildAssigner, empty, input, truths, uniform } from '../scene';

const reference = goldenJson<{
  task_aligned: {
    topk: number;
    call: Partial<{ alpha: number; beta: number }>;
    truths: number;
    size: number;
    assigned: number[];
    labels: number[];
    overlaps: number[];
    metrics: number[];
  }[];
}>('task_modules').task_aligned;

test.each(reference.map((c, i) => [i, c] as const))('equals the reference, case %i', (_, c) => {
  const priors = anchors(c.size);
  const count = priors.length / 4;
  const shift = sgn('tal.shift', [count, 4], 6);
  const boxes = priors.map((v, i) => v + shift[i]);
  const { alpha, beta } = c.call;
  const result = buildAssigner({ type: 'TaskAlignedAssigner', topk: c.topk }).assign(
    input({
      priors,
      instances: truths('tal.gt', c.truths),
      predictions: { count, classes: 3, boxes, scores: uniform('tal.scores', 3 * count) },
      ...(alpha !== undefined && beta !== undefined && { alignment: { alpha, beta } }),
    }),
  );
  expect([...result.assigned]).toEqual(c.assigned);
  expect([...result.labels]).toEqual(c.labels);
  expectClose(result.maxOverlaps, c.overlaps, 1e-6);
  expectClose(result.metrics!, c.metrics, 1e-6);
});

test('finds nothing where no anchor has its centre in a ground-truth box', () => {
  const { tensors } = golden('assigners');
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const [scores, boxes] = [floats('simota.scores'), floats('simota.bboxes')];
  const instances: Instances = {
    bboxes: floats('gts'),
    labels: Int32Array.from(tensors.get('labels')!.data),
    ignored: empty,
  };
  const result = buildAssigner({ type: 'TaskAlignedAssigner', topk: 5 }).assign(
    input({
      priors: floats('simota.priors'),
      instances,
      predictions: { count: boxes.length / 4, classes: 3, scores, boxes },
    }),
  );
  expect([...result.assigned]).toEqual([...tensors.get('tal.gt_inds')!.data]);
  expectClose(result.maxOverlaps, floats('tal.max_overlaps'), 1e-6);
});

test('says which predictions are missing', () => {
  const assigner = buildAssigner({ type: 'TaskAlignedAssigner', topk: 5 });
  const given = input({ priors: anchors(3), instances: truths('tal.gt', 2) });
  expect(() => assigner.assign(given)).toThrow(/TaskAlignedAssigner: expected predictions with scores and boxes/);
});
