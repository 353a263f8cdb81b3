// ResLayer: what it reads and gives.

import { beforeAll, expect, test } from 'vitest';
import { type BuildContext, Registry } from '../../../../src/catalogue/registry';
import { plainBackend } from '../../../../src/engine';
import { roiHeads } from '../../../../src/models/roi-heads';

const registry = new Registry(roiHeads);
const build = (config: object, context: Partial<BuildContext> = {}) =>
  registry.build('shared_head', { type: 'ResLayer', ...config }, { path: 'shared_head', ...context });

beforeAll(plainBackend);

test('halves the RoI and gives the channels of its stage', () => {
  const layer = build({ depth: 18, stage: 1 });
  expect(layer.output).toEqual({ channels: 128, stride: 1, size: [7, 7] });
  layer.dispose();
});

test('must read the channels that RoIs are pooled with', () => {
  const inputs = [{ stride: 16, channels: 8 }];
  expect(() => build({ depth: 18 }, { inputs })).toThrow(
    /stage 3 of depth 18 reads 256 channels, but RoIs are pooled with 8/,
  );
});

test('its bottlenecks are deformable with dcn, from the second on where that falls back on strides', () => {
  const offsets = (dcn: object) => {
    const layer = build({ depth: 50, stage: 1, dcn });
    const names = [...layer.named()].map(([name]) => name).filter((name) => name.endsWith('conv_offset.weight'));
    layer.dispose();
    return names.map((name) => name.split('.')[1]);
  };
  expect(offsets({ type: 'DCNv2', deform_groups: 2 })).toEqual(['0', '1', '2', '3']);
  expect(offsets({ type: 'DCN', fallback_on_stride: true })).toEqual(['1', '2', '3']);
  expect(() => build({ depth: 18, stage: 1, dcn: { type: 'DCN' } })).toThrow(/a depth of 50 or more/);
});
