// CopyPaste, YOLOv5CopyPaste and Mosaic9 against MMDetection's and MMYOLO's, for the numbers they drew.

import { expect, it, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { TRANSFORMS } from '../../../src/data/transforms';
import { mosaic9 } from '../../../src/data/transforms/mosaic9';
import type { OtherImages, Sample, Transform } from '../../../src/data/transforms/sample';
import { Random } from '../../../src/random';
import { options, sample } from './golden-cases';
import { compare, replay, replayed, replayedCases } from './replayed';

it.each(replayedCases(/^yolo_paste/))('%s', replay);

it.each(replayedCases(/^copy_/))('%s', async (name, c) => {
  const flip = new Registry(TRANSFORMS).build(
    'transform',
    { type: 'RandomFlip', prob: 1 },
    { path: 'flip' },
  ) as Transform;
  const other = (await flip(sample(c.inputs[1], c.masks), Random.seeded(0))) as Sample;
  const { random, left } = replayed([0, ...c.draws]); // first which image
  const paste = new Registry(TRANSFORMS).build('transform', c.cfg, { path: 'pipeline.0' }) as Transform;
  const otherImages = { count: 1, load: async () => other } as unknown as OtherImages;
  const found = await paste({ ...sample(c.inputs[0], c.masks), otherImages }, random);
  expect(left()).toBe(0);
  compare(name, found!, c);
});

it.each(replayedCases(/^mosaic9/))('%s', (name, c) => {
  const [x, y] = c.draws as number[];
  const parts = c.inputs.map((i) => sample(i));
  compare(name, mosaic9(parts, [Math.trunc(x), Math.trunc(y)], options(c as never)), c);
});

test('masks go with their boxes through Mosaic9', () => {
  const [[, c]] = replayedCases(/^mosaic9_1/);
  const o = options(c as never);
  const found = mosaic9(
    c.inputs.map((i) => sample(i, 'bitmap')),
    [13, 20],
    o,
  );
  const { masks, labels } = found.truths!;
  expect(masks).toMatchObject({ kind: 'bitmap', width: 80, height: 72 });
  expect(masks!.masks.length).toBe(labels.length);
});
