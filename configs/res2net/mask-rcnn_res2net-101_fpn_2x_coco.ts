import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_2x_coco',
  model: {
    backbone: {
      type: 'Res2Net',
      depth: 101,
      scales: 4,
      base_width: 26,
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://res2net101_v1d_26w_4s' },
    },
  },
});
