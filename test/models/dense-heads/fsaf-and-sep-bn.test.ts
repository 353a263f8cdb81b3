// What FSAFHead and RetinaSepBNHead start from, and what they refuse.

import { beforeAll, expect, test } from 'vitest';
import type { BuildContext } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { DetectionHead } from '../../../src/models/types';
import { Random } from '../../../src/random';

beforeAll(async () => void (await startEngine()));

const levels = [8, 16, 32].map((stride) => ({ stride, channels: 16 }));
const build = (config: { type: string } & Record<string, unknown>, context: Partial<BuildContext> = {}) =>
  createRegistry().build<DetectionHead>(
    'dense_head',
    { num_classes: 3, feat_channels: 16, loss_cls: { type: 'FocalLoss' }, ...config },
    { path: 'bbox_head', inputs: levels, ...context },
  );
const SQUARE = { type: 'AnchorGenerator', octave_base_scale: 1, scales_per_octave: 1, ratios: [1] };

/** Mean and spread of a tensor after initialisation. */
function start(head: DetectionHead): (name: string) => number[] {
  head.initWeights(Random.seeded(3));
  const state = head.stateDict();
  head.dispose();
  return (name) => {
    const values = [...state.get(name)!.data];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
  };
}
const expectNear = ([mean, spread]: number[], [m, s]: number[]) => {
  expect(Math.abs(mean - m)).toBeLessThan(1e-3);
  expect(Math.abs(spread - s)).toBeLessThan(1e-3);
};
const rare = -Math.log(99);

test('FSAFHead starts with rare classes and boxes that have a size', () => {
  const of = start(build({ type: 'FSAFHead', anchor_generator: SQUARE, bbox_coder: { type: 'TBLRBBoxCoder' } }));
  for (const layer of ['cls_convs.0.conv', 'reg_convs.3.conv', 'retina_cls', 'retina_reg'])
    expectNear(of(`${layer}.weight`), [0, 0.01]);
  expectNear(of('retina_cls.bias'), [rare, 0]);
  expectNear(of('retina_reg.bias'), [0.25, 0]);
  expectNear(of('cls_convs.0.conv.bias'), [0, 0]);
});

test('RetinaSepBNHead starts with rare classes; one convolution serves all levels', () => {
  const head = build({ type: 'RetinaSepBNHead', norm_cfg: { type: 'BN' }, anchor_generator: SQUARE, stacked_convs: 2 });
  const named = new Map(head.named());
  for (const level of [1, 2])
    for (const tower of ['cls_convs', 'reg_convs'])
      expect(named.get(`${tower}.${level}.1.conv.weight`)).toBe(named.get(`${tower}.0.1.conv.weight`));
  // two towers of two convolutions, three levels of two norms each, and the predictions
  expect(head.parameterCount()).toBe(4 * 9 * 256 + 2 * 3 * 2 * 32 + 9 * 16 * 7 + 7);
  const of = start(head);
  for (const layer of ['cls_convs.2.1.conv', 'reg_convs.0.0.conv', 'retina_cls', 'retina_reg'])
    expectNear(of(`${layer}.weight`), [0, 0.01]);
  expectNear(of('retina_cls.bias'), [rare, 0]);
  expectNear(of('retina_reg.bias'), [0, 0]);
  expectNear(of('cls_convs.1.0.bn.weight'), [1, 0]);
});

test('what cannot be is refused with both sides named', () => {
  const sepBN = { type: 'RetinaSepBNHead', anchor_generator: SQUARE };
  expect(() => build({ ...sepBN, num_ins: 5 })).toThrow(/its num_ins is 5, .* have 3 levels/);
  expect(() => build({ ...sepBN, in_channels: 16 }, { inputs: undefined })).toThrow(
    /num_ins, .* neither given nor known/,
  );
  expect(() => build({ ...sepBN, init_cfg: { type: 'Normal', layer: 'Conv2d' } })).toThrow(/init_cfg/);
  const fsaf = { type: 'FSAFHead', anchor_generator: SQUARE, bbox_coder: { type: 'TBLRBBoxCoder' } };
  expect(() => build({ ...fsaf, loss_cls: { type: 'CrossEntropyLoss' } })).toThrow(
    /each anchor and class apart.*FocalLoss/,
  );
  expect(() => build({ ...fsaf, loss_bbox: { type: 'GHMR' } })).toThrow(/GHMR/);
});
