// Small detectors of corners, for the tests of exported models.

import type { ModuleConfig } from '../../src/catalogue/registry';

const corners = (head: object): ModuleConfig => ({
  type: 'CornerNet',
  backbone: {
    type: 'HourglassNet',
    downsample_times: 1,
    num_stacks: 1,
    stage_channels: [8, 8],
    stage_blocks: [1, 1],
    feat_channel: 8,
  },
  bbox_head: { num_feat_levels: 1, ...head },
  test_cfg: { nms: { type: 'soft_nms', iou_threshold: 0.5, method: 'gaussian' } },
});

export const CORNERS: Record<string, ModuleConfig> = {
  CornerNet: corners({ type: 'CornerHead' }),
  CentripetalNet: corners({ type: 'CentripetalHead', corner_emb_channels: 0 }),
};
