// What RetinaSepBNHead starts from, what its levels share, and what it refuses.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { buildHead, expectStart, SQUARE_ANCHORS } from './build-head';

beforeAll(async () => void (await startEngine()));

const sepBN = { type: 'RetinaSepBNHead', anchor_generator: SQUARE_ANCHORS };

test('all levels share one convolution, each has its norms', () => {
  const head = buildHead({ ...sepBN, norm_cfg: { type: 'BN' }, stacked_convs: 2 });
  const named = new Map(head.named());
  for (const level of [1, 2])
    for (const tower of ['cls_convs', 'reg_convs'])
      expect(named.get(`${tower}.${level}.1.conv.weight`)).toBe(named.get(`${tower}.0.1.conv.weight`));
  // two towers of two convolutions, three levels of two norms each, and the predictions
  expect(head.parameterCount()).toBe(4 * 9 * 256 + 2 * 3 * 2 * 32 + 9 * 16 * 7 + 7);
  expectStart(head, {
    'cls_convs.2.1.conv.weight': [0, 0.01],
    'reg_convs.0.0.conv.weight': [0, 0.01],
    'retina_cls.weight': [0, 0.01],
    'retina_reg.weight': [0, 0.01],
    'retina_cls.bias': [-Math.log(99), 0],
    'retina_reg.bias': [0, 0],
    'cls_convs.1.0.bn.weight': [1, 0],
  });
});

test('what cannot be is refused with both sides named', () => {
  expect(() => buildHead({ ...sepBN, num_ins: 5 })).toThrow(/its num_ins is 5, .* have 3 levels/);
  expect(() => buildHead({ ...sepBN, in_channels: 16 }, { inputs: undefined })).toThrow(
    /num_ins, .* neither given nor known/,
  );
  expect(() => buildHead({ ...sepBN, init_cfg: { type: 'Normal', layer: 'Conv2d' } })).toThrow(/init_cfg/);
});
