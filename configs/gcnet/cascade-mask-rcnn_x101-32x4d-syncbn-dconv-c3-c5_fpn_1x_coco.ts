import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../dcn/cascade-mask-rcnn_x101-32x4d-dconv-c3-c5_fpn_1x_coco',
  model: { backbone: { norm_cfg: { type: 'SyncBN', requires_grad: true }, norm_eval: false } },
});
