// Offsets of deformable convolutions in a head's towers start at 0, whatever the head's init_cfg says of convolutions.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { catalogue } from '../../../src/lab/catalogue';
import { Random } from '../../../src/random';

beforeAll(() => startEngine());

const ANCHORS = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1, strides: [8, 16] };

test.each([
  { type: 'FCOSHead', dcn_on_last_conv: true },
  { type: 'FCOSHead', conv_cfg: { type: 'DCN' }, norm_cfg: { type: 'GN', num_groups: 4 } },
  { type: 'ATSSHead', conv_cfg: { type: 'DCNv2' }, anchor_generator: ANCHORS },
  { type: 'RetinaHead', conv_cfg: { type: 'DCNv2' }, anchor_generator: ANCHORS },
])('%j', (config) => {
  const shape = { num_classes: 3, in_channels: 16, feat_channels: 16, stacked_convs: 2, norm_cfg: null };
  const head = catalogue.build('dense_head', { ...shape, ...config }, { path: 'bbox_head' });
  head.initWeights(Random.seeded(1));
  const state = [...head.stateDict()].filter(([key]) => key.includes('conv_offset'));
  expect(state.length).toBeGreaterThanOrEqual(4);
  for (const [, { data }] of state) expect((data as Float32Array).every((value) => value === 0)).toBe(true);
  head.dispose();
});
