// ATSSAssigner against MMDetection's (assigners.safetensors).

import { expect, test } from 'vitest';
import { expectClose, golden } from '../../../golden-data';
import { buildAssigner, empty, input } from '../scene';

const { tensors } = golden('assigners');
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

test('equals the reference', () => {
  const result = buildAssigner({ type: 'ATSSAssigner', topk: 4 }).assign(
    input({
      priors: floats('atss.priors'),
      instances: { bboxes: floats('gts'), labels: Int32Array.from(tensors.get('labels')!.data), ignored: empty },
      levels: [40, 15, 5],
    }),
  );
  expect([...result.assigned]).toEqual([...tensors.get('atss.gt_inds')!.data]);
  expectClose(result.maxOverlaps, floats('atss.max_overlaps'), 1e-6);
});
