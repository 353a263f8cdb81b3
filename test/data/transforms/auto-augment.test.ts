// The augmentations of AutoAugment and RandAugment, crops and resizing against MMDetection's and MMYOLO's, for the numbers
// they drew.

import { expect, it } from 'vitest';
import { compare, replay, replayedCases, run } from './replayed';

it.each(replayedCases(/^(colour|geometric|policy|erasing|resize|crop|ppyoloe|center_crop|bicubic)_/))('%s', replay);

it.each(replayedCases(/^center_pad/))('%s', async (name, c) => {
  const found = (await run(name, c))!;
  // MMDetection leaves the boxes where they were; here they move with the pixels, and the padding is noted
  const { padParam, imgShape } = found.meta;
  const [top, bottom, left, right] = padParam!;
  expect(imgShape).toEqual([top + 52 + bottom, left + 37 + right]);
  const back = found.truths!.bboxes.map((v, i) => v - (i % 2 ? top : left));
  compare(name, { ...found, truths: { ...found.truths!, bboxes: back } }, c);
});

it.each(replayedCases(/^glip/))('%s', async (name, c) => {
  // one draw of whether and where to flip, for MMDetection's choice of a direction
  const found = await run(name, { ...c, draws: c.cfg.prob ? [0] : [] });
  compare(name, found!, c);
});
