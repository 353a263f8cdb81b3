// `detlab configs`.

import { expect, test } from 'vitest';
import { detlab } from './detlab';

test('configs lists names by algorithm, those with all words given', async () => {
  const { code, out } = await detlab('configs', 'carafe');
  expect([code, out.split('\n').slice(0, 3)]).toEqual([
    0,
    ['carafe (2)', '  faster-rcnn_r50_fpn-carafe_1x_coco', '  mask-rcnn_r50_fpn-carafe_1x_coco'],
  ]);
  expect(out).toMatch(/\n2 of \d+ configs. detlab summary NAME/);
  const found = (await detlab('configs', 'mask', 'r101', 'GCB', '--json')).lines();
  expect(found.length).toBeGreaterThan(2);
  for (const { event, name } of found)
    expect([event, name]).toEqual(['config', expect.stringMatching(/mask.*r101.*gcb/)]);
  expect((await detlab('configs', 'nothing-like-it')).err).toMatch(
    /Cannot find a config: no name contains nothing-like-it/,
  );
});
