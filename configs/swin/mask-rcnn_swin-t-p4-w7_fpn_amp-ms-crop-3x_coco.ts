import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_swin-t-p4-w7_fpn_ms-crop-3x_coco',
  optim_wrapper: { type: 'AmpOptimWrapper' },
});
