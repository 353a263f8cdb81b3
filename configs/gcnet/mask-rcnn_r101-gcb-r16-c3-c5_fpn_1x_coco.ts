import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r101_fpn_1x_coco',
  model: {
    backbone: {
      plugins: [
        { cfg: { type: 'ContextBlock', ratio: 0.0625 }, stages: [false, true, true, true], position: 'after_conv3' },
      ],
    },
  },
});
