// `detlab configs`.

import { expect, test } from 'vitest';
import { detlab } from './detlab';

test('configs lists names by algorithm, those with all words given', async () => {
  const { code, out } = await detlab('configs', 'carafe');
  expect([code, out.split('\n').slice(0, 3)]).toEqual([
    0,
    [
      'carafe (2)',
      expect.stringMatching(/^ {2}faster-rcnn_r50_fpn-carafe_1x_coco {2}47\.36 M {2}227\.7 G {2}800 × 1333 {2}38\.6$/),
      expect.stringMatching(
        /^ {2}mask-rcnn_r50_fpn-carafe_1x_coco {4}49\.81 M {2}276\.9 G {2}800 × 1333 {2}39\.3 {2}35\.6$/,
      ),
    ],
  ]);
  expect(out).toMatch(/\n2 of \d+ configs\. Columns: [\s\S]*detlab\s+summary NAME/);
  const found = (await detlab('configs', 'mask', 'r101', 'GCB', '--json')).lines();
  expect(found.length).toBeGreaterThan(2);
  for (const { event, name } of found)
    expect([event, name]).toEqual(['config', expect.stringMatching(/mask.*r101.*gcb/)]);
  expect((await detlab('configs', 'nothing-like-it')).err).toMatch(
    /Cannot find a config: no name contains nothing-like-it/,
  );
});

test('configs --weights lists published weights, with an address that copies whole', async () => {
  const { code, out } = await detlab('configs', 'carafe', '--weights');
  expect([code, out.split('\n').slice(0, 4)]).toEqual([
    0,
    [
      'faster-rcnn_r50_fpn-carafe_1x_coco  about 189 MB, box AP 38.6',
      expect.stringMatching(/^ {2}https:\S+faster_rcnn_r50_fpn_carafe_1x_coco\S+-[0-9a-f]{8}\.pth$/),
      'mask-rcnn_r50_fpn-carafe_1x_coco  about 199 MB, box AP 39.3, mask AP 35.6',
      expect.stringMatching(/^ {2}https:\S+\.pth$/),
    ],
  ]);
  const [first] = (await detlab('configs', 'carafe', '--weights', '--json')).lines();
  expect(first).toEqual({
    event: 'weights',
    config: 'faster-rcnn_r50_fpn-carafe_1x_coco',
    weights: expect.stringMatching(/^https:/),
    bytes: expect.any(Number),
    boxAP: 38.6,
  });
  const none = await detlab('configs', 'toytown', '--weights');
  expect([none.code, none.err]).toEqual([2, expect.stringMatching(/none are published for these \d+ configs/)]);
});
