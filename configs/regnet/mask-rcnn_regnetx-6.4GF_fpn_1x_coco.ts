import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_regnetx-3.2GF_fpn_1x_coco',
  model: {
    backbone: {
      type: 'RegNet',
      arch: 'regnetx_6.4gf',
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://regnetx_6.4gf' },
    },
    neck: { type: 'FPN', in_channels: [168, 392, 784, 1624], out_channels: 256, num_outs: 5 },
  },
});
