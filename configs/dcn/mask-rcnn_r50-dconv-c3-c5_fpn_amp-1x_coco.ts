import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_r50-dconv-c3-c5_fpn_1x_coco',
  optim_wrapper: { type: 'AmpOptimWrapper' },
});
