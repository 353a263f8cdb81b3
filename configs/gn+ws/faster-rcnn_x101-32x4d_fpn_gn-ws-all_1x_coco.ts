import { defineConfig } from '../../src/catalogue/define-config';

const conv_cfg = { type: 'ConvWS' } as const;
const norm_cfg = { type: 'GN', num_groups: 32, requires_grad: true } as const;

export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_gn-ws-all_1x_coco',
  conv_cfg,
  norm_cfg,
  model: {
    backbone: {
      type: 'ResNeXt',
      depth: 101,
      groups: 32,
      base_width: 4,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      style: 'pytorch',
      conv_cfg,
      norm_cfg,
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://jhu/resnext101_32x4d_gn_ws' },
    },
  },
});
