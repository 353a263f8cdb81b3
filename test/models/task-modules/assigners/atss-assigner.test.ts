// ATSSAssigner against MMDetection's (assigners.safetensors), and its cost of DDOD (atss_cost.json).

import { expect, test } from 'vitest';
import { expectClose, golden, goldenJson, sgn } from '../../../golden-data';
import { anchors, buildAssigner, empty, input, sceneBoxes, truths } from '../scene';

const type = 'ATSSAssigner';

test('equals the reference', () => {
  const { tensors } = golden('assigners');
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const instances = { bboxes: floats('gts'), labels: Int32Array.from(tensors.get('labels')!.data), ignored: empty };
  const result = buildAssigner({ type, topk: 4 }).assign(
    input({ priors: floats('atss.priors'), instances, levels: [40, 15, 5] }),
  );
  expect([...result.assigned]).toEqual([...tensors.get('atss.gt_inds')!.data]);
  expectClose(result.maxOverlaps, floats('atss.max_overlaps'), 1e-6);
});

interface Case {
  options: { topk: number; alpha: number };
  size: number;
  truths: number;
  ignored: number;
  assigned: number[];
  labels: number[];
  overlaps: number[];
}
const scene = ({ size, truths: n, ignored }: Case) => {
  const priors = anchors(size);
  const count = priors.length / 4;
  const shift = sgn('ddod.shift', [count, 4], 6);
  const predictions = {
    count,
    classes: 3,
    scores: sgn('ddod.logits', [count, 3], 4).map((x) => 1 / (1 + Math.exp(-x))),
    boxes: priors.map((v, i) => v + shift[i]),
  };
  const instances = truths('ddod.gt', n, sceneBoxes('ddod.ignored', ignored));
  return input({ priors, instances, levels: [192, 48, 12], predictions });
};

test.each(goldenJson<Case[]>('atss_cost').map((c) => [JSON.stringify(c.options), c] as const))(
  'with alpha it equals the reference: %s',
  (_, c) => {
    const result = buildAssigner({ type, ...c.options }).assign(scene(c));
    expect([...result.assigned]).toEqual(c.assigned);
    expect([...result.labels]).toEqual(c.labels);
    expectClose(result.maxOverlaps, c.overlaps, 1e-6);
  },
);

test('reads predictions with alpha only', () => {
  expect(buildAssigner({ type, topk: 9 }).needs).toEqual({ priors: 'boxes' });
  const assigner = buildAssigner({ type, topk: 9, alpha: 0.8 });
  expect(assigner.needs).toEqual({ priors: 'boxes', predictions: ['scores', 'boxes'] });
  const bare = { ...scene(goldenJson<Case[]>('atss_cost')[0]), predictions: undefined };
  expect(() => assigner.assign(bare)).toThrow(/ATSSAssigner with alpha: expected predictions with scores and boxes/);
});
