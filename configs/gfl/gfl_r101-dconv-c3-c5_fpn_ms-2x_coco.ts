import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './gfl_r50_fpn_ms-2x_coco',
  model: {
    backbone: {
      type: 'ResNet',
      depth: 101,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      dcn: { type: 'DCN', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' },
    },
  },
});
