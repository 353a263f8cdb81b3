// HungarianAssigner against MMDetection's (assigners.safetensors).

import { expect, test } from 'vitest';
import { HungarianAssigner, type Instances } from '../../../../src/models/task-modules';
import { golden } from '../../../golden-data';
import { buildAssigner, empty, input } from '../scene';

const { tensors } = golden('assigners');
const data = (name: string) => tensors.get(name)!.data as Float32Array;
const predictions = { count: 12, classes: 4, logits: data('hung.scores'), boxes: data('hung.bboxes') };
const truths = { bboxes: data('gts'), labels: Int32Array.from(data('labels')), ignored: empty };
const match = (instances: Instances) => input({ priors: empty, instances, predictions, imgShape: [120, 160] });

test('equals the reference', () => {
  const match_costs = [
    { type: 'ClassificationCost', weight: 1 },
    { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
    { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
  ];
  const assigner = buildAssigner({ type: 'HungarianAssigner', match_costs });
  const { assigned, labels } = assigner.assign(match(truths));
  expect([...assigned]).toEqual([...data('hung.gt_inds')]);
  expect([...labels]).toEqual([...data('hung.labels')]);
  const none = { bboxes: empty, labels: new Int32Array(), ignored: empty };
  expect([...assigner.assign(match(none)).assigned]).toEqual(new Array(12).fill(0));
});

test('takes one cost or a list, not an empty one', () => {
  const single = { type: 'HungarianAssigner', match_costs: { type: 'IoUCost' } };
  expect(buildAssigner(single)).toBeInstanceOf(HungarianAssigner);
  expect(() => buildAssigner({ ...single, match_costs: [] })).toThrow(/at least one cost/);
});

test('needs what its costs read', () => {
  const needs = (...types: string[]) =>
    buildAssigner({ type: 'HungarianAssigner', match_costs: types.map((type) => ({ type })) }).needs;
  expect(needs('FocalLossCost', 'BBoxL1Cost', 'IoUCost')).toEqual({ predictions: ['logits', 'boxes'] });
  expect(needs('ClassificationCost', 'DiceCost')).toEqual({ predictions: ['logits', 'masks'] });
});
