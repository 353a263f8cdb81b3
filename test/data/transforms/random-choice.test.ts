// RandomChoice.

import { expect, test } from 'vitest';
import { Random } from '../../../src/random';
import { build, sample } from './small-sample';

test('one of several chains runs', async () => {
  const choice = build({
    type: 'RandomChoice',
    transforms: [
      { type: 'Resize', scale: [5, 4] },
      [
        { type: 'Resize', scale: [20, 16] },
        { type: 'RandomFlip', prob: 1 },
      ],
    ],
  });
  const found = await Promise.all(Array.from({ length: 16 }, (_, s) => choice(sample(), Random.seeded(s))));
  const kinds = found.map((s) => `${s!.image!.width} ${s!.meta.flip}`);
  expect(new Set(kinds)).toEqual(new Set(['5 false', '20 true']));
  const certain = build({
    type: 'RandomChoice',
    prob: [0, 1],
    transforms: [{ type: 'Resize', scale: [5, 4] }, [{ type: 'Resize', scale: [20, 16] }]],
  });
  for (let s = 0; s < 5; s++) expect((await certain(sample(), Random.seeded(s)))!.image!.width).toBe(20);
  expect(() => build({ type: 'RandomChoice', transforms: [{ type: 'Resise' }] })).toThrow(/transforms.0/);
  expect(() => build({ type: 'RandomChoice', prob: [1], transforms: [[], []] })).toThrow(
    /one prob per candidate \(2\)/,
  );
});
