import { expect, test } from 'vitest';
import { boxes, golden, maxDifference, pvalue, sgn, u01 } from './golden-data';

test('the formulas give the numbers the README states and the files store', () => {
  expect([0, 1, 2].map((i) => u01('a', i))).toEqual([0.10352621669881046, 0.1656508503947407, 0.7153307136613876]);
  const { tensors } = golden('backbone_basic18');
  for (const [name, { data, shape }] of tensors) {
    if (name.startsWith('w.'))
      expect(maxDifference(pvalue(name.slice(2), name.endsWith('tracked') ? [] : shape), data), name).toBe(0);
    if (name.startsWith('in')) expect(maxDifference(sgn(name, shape), data)).toBe(0);
  }
  const stored = golden('nms').tensors.get('boxes')!.data.slice(0, 160);
  expect(maxDifference(boxes('nb', 40, { w: 160, h: 120, min: 10, max: 50 }), stored)).toBe(0);
});
