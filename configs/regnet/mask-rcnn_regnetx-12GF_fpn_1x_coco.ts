import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_regnetx-3.2GF_fpn_1x_coco',
  model: {
    backbone: {
      type: 'RegNet',
      arch: 'regnetx_12gf',
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://regnetx_12gf' },
    },
    neck: { type: 'FPN', in_channels: [224, 448, 896, 2240], out_channels: 256, num_outs: 5 },
  },
});
