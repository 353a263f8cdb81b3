// Against the reference's (generate/mask_heads.py).

import { expect, test } from 'vitest';
import { fastNms } from '../../src/ops';
import { goldenJson } from '../golden-data';

const { fast } = goldenJson<{ fast: { boxes: number[][]; scores: number[][]; kept: [number, number][] }[] }>(
  'mask_heads',
);
const options = { iouThreshold: 0.4, topK: 15 };

test.each(fast.map((one, i) => [i, one] as const))('case %i', (_, { boxes, scores, kept }) => {
  const pairs = scores.flatMap((row, i) => row.map((score, label) => ({ i, score, label })));
  const above = pairs.filter(({ score }) => score > Math.fround(0.3));
  const found = fastNms(
    Float32Array.from(above.flatMap(({ i }) => boxes[i])),
    Float32Array.from(above, ({ score }) => score),
    Int32Array.from(above, ({ label }) => label),
    options,
  );
  const best = [...found].sort((a, b) => above[b].score - above[a].score);
  expect(best.map((k) => [above[k].i, above[k].label])).toEqual(kept);
});

test('a box that is dropped itself still drops others', () => {
  const boxes = Float32Array.of(0, 0, 10, 10, 4, 0, 14, 10, 8, 0, 18, 10);
  const scores = Float32Array.of(0.9, 0.8, 0.7);
  expect([...fastNms(boxes, scores, Int32Array.of(0, 0, 0), options)]).toEqual([0]);
  expect([...fastNms(boxes, scores, Int32Array.of(0, 1, 0), options)]).toEqual([0, 2, 1]);
  expect([...fastNms(new Float32Array(), new Float32Array(), new Int32Array(), options)]).toEqual([]);
});
