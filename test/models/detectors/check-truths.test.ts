// Ground truth of a class that the model lacks is refused with its image, before a batch is made.

import { beforeAll, expect, test } from 'vitest';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { checkTruths } from '../../../src/models/detectors/check-truths';
import { sample } from './whole-models';

beforeAll(() => startEngine());

const labelled = (imgPath: string, labels: number[]): PackedSample => {
  const { meta, ...rest } = sample(
    {
      bboxes: new Float32Array(labels.flatMap(() => [4, 4, 20, 20])),
      labels: Int32Array.from(labels),
      ignored: new Uint8Array(labels.length),
    },
    [32, 32],
  );
  return { ...rest, meta: { ...meta, imgPath } };
};

test('labels of no class are named with their image', () => {
  checkTruths([labelled('a.jpg', [0, 1])], 2);
  expect(() => checkTruths([labelled('a.jpg', [0]), labelled('b.jpg', [1, 2])], 2)).toThrow(
    'Cannot train on "b.jpg": object 1 has label 2, expected 0 to 1 for the 2 classes of the model',
  );
  expect(() => checkTruths([labelled('a.jpg', [-1])], 2)).toThrow(/object 0 has label -1/);
});

const backbone = { type: 'ResNet', depth: 18, base_channels: 8 };
const neck = { type: 'FPN', out_channels: 16, num_outs: 5 };

test('a detector checks what it trains on, not what it predicts from; an RPN accepts every class', () => {
  const model = buildDetector(
    { type: 'RetinaNet', backbone, neck, bbox_head: { type: 'RetinaHead', feat_channels: 16 } },
    { classes: ['a', 'b'] },
  );
  model.train();
  expect(() => model.preprocess([labelled('c.jpg', [255])])).toThrow(/"c.jpg": object 0 has label 255/);
  model.eval();
  model.preprocess([labelled('c.jpg', [255])]).inputs.dispose();
  model.dispose();
  const rpn = buildDetector({ type: 'RPN', backbone, neck, rpn_head: { type: 'RPNHead', feat_channels: 16 } }, {});
  rpn.train();
  rpn.preprocess([labelled('c.jpg', [255])]).inputs.dispose();
  rpn.dispose();
});
