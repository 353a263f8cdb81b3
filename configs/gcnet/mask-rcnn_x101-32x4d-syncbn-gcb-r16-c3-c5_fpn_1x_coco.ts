import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_x101-32x4d_fpn_1x_coco',
  model: {
    backbone: {
      norm_cfg: { type: 'SyncBN', requires_grad: true },
      norm_eval: false,
      plugins: [
        { cfg: { type: 'ContextBlock', ratio: 0.0625 }, stages: [false, true, true, true], position: 'after_conv3' },
      ],
    },
  },
});
