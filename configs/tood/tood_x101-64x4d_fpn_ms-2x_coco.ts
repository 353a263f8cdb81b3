import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './tood_r50_fpn_ms-2x_coco',
  model: {
    backbone: {
      type: 'ResNeXt',
      depth: 101,
      groups: 64,
      base_width: 4,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://resnext101_64x4d' },
    },
  },
});
